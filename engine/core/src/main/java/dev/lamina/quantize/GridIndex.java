package dev.lamina.quantize;

import dev.lamina.gguf.QuantTables;
import java.util.Arrays;

/**
 * Finds the points of an I-quant's grid. A point has whole coordinates from 0 on, which are packed
 * to a code; for codes that are no points the index holds the nearest points, in a few shells of
 * equal distance (ggml's {@code iq2xs_init_impl} and {@code iq3xs_init_impl}).
 */
final class GridIndex {
  private final int dimensions;
  private final int bits;
  private final int levels;
  private final byte[] coordinates;

  /** By code: the point, or {@code -1 -} the place where {@link #neighbours} begin. */
  private final int[] points;

  /** For each code that is no point, how many neighbours there are, then these. */
  private final char[] neighbours;

  private GridIndex(int dimensions, int levels, byte[] coordinates, int shells) {
    this.dimensions = dimensions;
    this.levels = levels;
    this.bits = levels > 4 ? 3 : 2;
    this.coordinates = coordinates;
    this.points = new int[1 << bits * dimensions];
    Arrays.fill(points, Integer.MIN_VALUE);
    int count = coordinates.length / dimensions;
    for (int point = 0; point < count; point++) {
      points[code(coordinates, point * dimensions)] = point;
    }
    this.neighbours = neighbours(count, shells);
  }

  /** The indices are made when they are first asked for, each once. */
  static final class Of2Xxs {
    static final GridIndex GRID = ofMagnitudes(QuantTables.iq2xxs(), 2);
  }

  static final class Of2Xs {
    static final GridIndex GRID = ofMagnitudes(QuantTables.iq2xs(), 2);
  }

  static final class Of2S {
    static final GridIndex GRID = ofMagnitudes(QuantTables.iq2s(), 1);
  }

  static final class Of3Xxs {
    static final GridIndex GRID = ofMagnitudes(longs(QuantTables.iq3xxs()), 4, 8, 2);
  }

  static final class Of3S {
    static final GridIndex GRID = ofMagnitudes(longs(QuantTables.iq3s()), 4, 8, 3);
  }

  static final class Of1 {
    static final GridIndex GRID = ofMagnitudes(QuantTables.iq1s(), 3);
  }

  private static GridIndex ofMagnitudes(long[] grid, int shells) {
    return ofMagnitudes(grid, 8, 3, shells);
  }

  /** The coordinates are the ranks of the values that a grid's vectors have. */
  private static GridIndex ofMagnitudes(long[] grid, int dimensions, int levels, int shells) {
    int[] values = new int[grid.length * dimensions];
    for (int i = 0; i < values.length; i++) {
      values[i] = (byte) (grid[i / dimensions] >>> 8 * (i % dimensions));
    }
    int[] ranks = Arrays.stream(values).distinct().sorted().toArray();
    if (ranks.length != levels) {
      throw new IllegalStateException("the grid has " + ranks.length + " levels");
    }
    byte[] coordinates = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      coordinates[i] = (byte) Arrays.binarySearch(ranks, values[i]);
    }
    return new GridIndex(dimensions, levels, coordinates, shells);
  }

  private static long[] longs(int[] values) {
    return Arrays.stream(values).mapToLong(v -> v).toArray();
  }

  private int code(byte[] q, int from) {
    int code = 0;
    for (int i = 0; i < dimensions; i++) {
      code |= q[from + i] << bits * i;
    }
    return code;
  }

  private char[] neighbours(int count, int shells) {
    int farthest = dimensions * (levels - 1) * (levels - 1);
    int[] distances = new int[count];
    char[] found = new char[1 << 16];
    int end = 0;
    byte[] at = new byte[dimensions];
    int codes = (int) Math.pow(levels, dimensions);
    for (int i = 0; i < codes; i++) {
      for (int d = 0, rest = i; d < dimensions; d++, rest /= levels) {
        at[d] = (byte) (rest % levels);
      }
      int code = code(at, 0);
      if (points[code] >= 0) {
        continue;
      }
      boolean[] there = new boolean[farthest + 1];
      for (int point = 0; point < count; point++) {
        int sum = 0;
        for (int d = 0; d < dimensions; d++) {
          int difference = coordinates[point * dimensions + d] - at[d];
          sum += difference * difference;
        }
        distances[point] = sum;
        there[sum] = true;
      }
      if (found.length - end <= count) {
        found = Arrays.copyOf(found, 2 * found.length);
      }
      points[code] = -1 - end;
      int start = end++;
      int left = shells;
      for (int distance = 0; distance <= farthest && left > 0; distance++) {
        if (there[distance]) {
          left--;
          for (int point = 0; point < count; point++) {
            if (distances[point] == distance) {
              found[end++] = (char) point;
            }
          }
        }
      }
      found[start] = (char) (end - start - 1);
    }
    return Arrays.copyOf(found, end);
  }

  int dimensions() {
    return dimensions;
  }

  int levels() {
    return levels;
  }

  /** Bits of a coordinate in a code. */
  int bits() {
    return bits;
  }

  /** The point of a code, or a negative number where it is none. */
  int point(int code) {
    return points[code];
  }

  /** Coordinate {@code i} of a point. */
  int coordinate(int point, int i) {
    return coordinates[point * dimensions + i];
  }

  /**
   * The neighbour, of eight coordinates, with the least sum of costs, the first of several.
   *
   * @param none what {@link #point} gave, negative
   * @param costs {@code levels} numbers for each coordinate: what its values cost
   */
  int nearest8(int none, float[] costs) {
    int start = -1 - none;
    int best = -1;
    float least = Float.POSITIVE_INFINITY;
    for (int i = start + 1; i <= start + neighbours[start]; i++) {
      int at = neighbours[i] * 8;
      float sum =
          costs[coordinates[at]]
              + costs[levels + coordinates[at + 1]]
              + costs[2 * levels + coordinates[at + 2]]
              + costs[3 * levels + coordinates[at + 3]]
              + costs[4 * levels + coordinates[at + 4]]
              + costs[5 * levels + coordinates[at + 5]]
              + costs[6 * levels + coordinates[at + 6]]
              + costs[7 * levels + coordinates[at + 7]];
      if (sum < least) {
        least = sum;
        best = neighbours[i];
      }
    }
    return best >= 0 ? best : neighbours[start + 1];
  }

  /**
   * The neighbour, of four coordinates, with the least sum of weighted squares, the first of
   * several: coordinates have many levels here, so that a table of costs would not pay.
   *
   * @param none what {@link #point} gave, negative
   * @param values what the levels stand for
   * @param x the four values to be met, from {@code from} on
   * @param w how much their errors count, likewise
   */
  int nearest4(int none, float[] values, float[] x, float[] w, int from) {
    int start = -1 - none;
    int end = start + neighbours[start];
    int best = -1;
    float least = Float.POSITIVE_INFINITY;
    float x0 = x[from];
    float x1 = x[from + 1];
    float x2 = x[from + 2];
    float x3 = x[from + 3];
    float w0 = w[from];
    float w1 = w[from + 1];
    float w2 = w[from + 2];
    float w3 = w[from + 3];
    for (int i = start + 1; i <= end; i++) {
      int at = neighbours[i] * 4;
      float d0 = values[coordinates[at]] - x0;
      float d1 = values[coordinates[at + 1]] - x1;
      float d2 = values[coordinates[at + 2]] - x2;
      float d3 = values[coordinates[at + 3]] - x3;
      float sum = w0 * d0 * d0 + w1 * d1 * d1 + w2 * d2 * d2 + w3 * d3 * d3;
      if (sum < least) {
        least = sum;
        best = neighbours[i];
      }
    }
    return best >= 0 ? best : neighbours[start + 1];
  }
}
