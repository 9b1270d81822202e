package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.nearest;
import static dev.lamina.quantize.Rounding.putHalf;
import static dev.lamina.quantize.Rounding.putShort;

import dev.lamina.gguf.QuantTables;
import java.util.Arrays;

/**
 * Encoding of IQ1_S and IQ1_M: 256 values in groups of 32 or 16, of which eight together are a
 * point of a grid with coordinates -1, 0 and 1, plus or minus 1/8. The sign of that shift is one
 * for a group in IQ1_S, and for each eight values in IQ1_M.
 *
 * <p>Were there no grid, the best quants of a group could be found exactly: values in ascending
 * order are cut into those that become -1, 0 and 1. All cuts are tried, with all signs of the
 * shifts, and then the nearest grid points are taken.
 */
final class ShiftedBlocks {
  private static final int BLOCK = 256;
  private static final int MOST_SCALE = 7;
  private static final float DELTA = QuantTables.IQ1_DELTA;

  /** The three values with the shift up, and with it down. */
  private static final float[] UP = {-1 + DELTA, DELTA, 1 + DELTA};

  private static final float[] DOWN = {-1 - DELTA, -DELTA, 1 - DELTA};

  private final GridIndex grid = GridIndex.Of1.GRID;
  private final boolean medium;
  private final int group;
  private final int vectors;
  private final float tiny;

  private final float[] weights = new float[BLOCK];
  private final float[] sorted = new float[32];
  private final int[] order = new int[32];
  private final int[] quants = new int[32];
  private final float[] costs = new float[24];

  /** Sums over the first values in order, for the two halves of a group apart in IQ1_M. */
  private final float[][] sumX = new float[2][33];

  private final float[][] sumW = new float[2][33];

  /** The best cut: where it is, its scale, and the shifts: bit h set where half h goes down. */
  private int first;

  private int second;
  private int shifts;
  private float scale;

  private final float[] scales = new float[16];
  private final int[] blockShifts = new int[16];
  private final int[] points = new int[32];

  ShiftedBlocks(boolean medium) {
    this.medium = medium;
    this.group = medium ? 16 : 32;
    this.vectors = group / 8;
    this.tiny = medium ? 1e-7f : 1e-12f;
  }

  void encode(Rows rows) {
    int blocks = rows.values() / BLOCK;
    for (int b = 0; b < blocks; b++) {
      float[] x = rows.x();
      int at = rows.from() + b * BLOCK;
      if (rows.hasImportance()) {
        float spread = 2 * Weights.meanSquare(x, at, BLOCK);
        int column = rows.column(b * BLOCK);
        Weights.important(x, at, BLOCK, rows.importance(), column, spread, weights, 0);
      } else {
        Weights.squares(x, at, BLOCK, weights, 0);
      }
      Arrays.fill(points, 0);
      float largest = 0;
      for (int g = 0; g < BLOCK / group; g++) {
        scales[g] = search(x, at + g * group, g);
        largest = Math.max(largest, scales[g]);
      }
      if (medium) {
        writeMedium(x, at, rows.dst(), rows.to() + b * 56, largest);
      } else {
        writeSmall(rows.dst(), rows.to() + b * 50, largest);
      }
    }
  }

  /** Finds points and shifts of a group, and returns its scale. */
  private float search(float[] x, int from, int g) {
    int w = g * group;
    blockShifts[g] = 0;
    float largest = 0;
    for (int i = 0; i < group; i++) {
      largest = Math.max(largest, Math.abs(x[from + i]));
    }
    if (largest < tiny) {
      return 0;
    }
    sort(x, from);
    first = -1;
    scale = largest;
    if (medium) {
      cutHalves(w);
    } else {
      cut(w);
    }
    if (first < 0) {
      return 0;
    }
    for (int j = 0; j < group; j++) {
      quants[order[j]] = j < first ? 0 : j < second ? 1 : 2;
    }
    if (scale < 0) {
      for (int j = 0; j < group; j++) {
        quants[j] = 2 - quants[j];
      }
      scale = -scale;
      shifts ^= medium ? 3 : 1;
    }
    toGrid(x, from, g);
    blockShifts[g] = shifts;
    return scale;
  }

  /** Ascending, equal values in the order in which they come. */
  private void sort(float[] x, int from) {
    for (int i = 0; i < group; i++) {
      float v = x[from + i];
      int at = i;
      for (; at > 0 && sorted[at - 1] > v; at--) {
        sorted[at] = sorted[at - 1];
        order[at] = order[at - 1];
      }
      sorted[at] = v;
      order[at] = i;
    }
  }

  private void cut(int w) {
    float[] sx = sumX[0];
    float[] sw = sumW[0];
    sx[0] = 0;
    sw[0] = 0;
    for (int j = 0; j < group; j++) {
      sx[j + 1] = sx[j] + weights[w + order[j]] * sorted[j];
      sw[j + 1] = sw[j] + weights[w + order[j]];
    }
    float best = -Float.MAX_VALUE;
    for (int i = 0; i <= group; i++) {
      for (int j = i; j <= group; j++) {
        for (int shift = 0; shift < 2; shift++) {
          float[] v = shift == 0 ? UP : DOWN;
          float xq = sx[i] * v[0] + (sx[j] - sx[i]) * v[1] + (sx[group] - sx[j]) * v[2];
          float qq =
              sw[i] * v[0] * v[0]
                  + (sw[j] - sw[i]) * v[1] * v[1]
                  + (sw[group] - sw[j]) * v[2] * v[2];
          if (qq > 0 && xq * xq > best * qq) {
            scale = xq / qq;
            best = scale * xq;
            first = i;
            second = j;
            shifts = shift;
          }
        }
      }
    }
  }

  /**
   * As {@link #cut}, with a shift for each half. The sums over three parts collapse, since the
   * three values are one apart: those of values times quants are {@code total v[2] - sum(i) -
   * sum(j)}.
   */
  private void cutHalves(int w) {
    for (int h = 0; h < 2; h++) {
      sumX[h][0] = 0;
      sumW[h][0] = 0;
    }
    for (int j = 0; j < group; j++) {
      int h = order[j] < 8 ? 0 : 1;
      float weight = weights[w + order[j]];
      sumX[h][j + 1] = sumX[h][j] + weight * sorted[j];
      sumX[1 - h][j + 1] = sumX[1 - h][j];
      sumW[h][j + 1] = sumW[h][j] + weight;
      sumW[1 - h][j + 1] = sumW[1 - h][j];
    }
    float best = -Float.MAX_VALUE;
    for (int i = 0; i <= group; i++) {
      for (int j = i; j <= group; j++) {
        float upX0 = halfX(0, i, j, UP);
        float upX1 = halfX(1, i, j, UP);
        float downX0 = halfX(0, i, j, DOWN);
        float downX1 = halfX(1, i, j, DOWN);
        float upW0 = halfW(0, i, j, UP);
        float upW1 = halfW(1, i, j, UP);
        float downW0 = halfW(0, i, j, DOWN);
        float downW1 = halfW(1, i, j, DOWN);
        best = better(best, upX0 + upX1, upW0 + upW1, i, j, 0);
        best = better(best, upX0 + downX1, upW0 + downW1, i, j, 2);
        best = better(best, downX0 + upX1, downW0 + upW1, i, j, 1);
        best = better(best, downX0 + downX1, downW0 + downW1, i, j, 3);
      }
    }
  }

  private float halfX(int h, int i, int j, float[] v) {
    return sumX[h][group] * v[2] - (sumX[h][i] + sumX[h][j]);
  }

  private float halfW(int h, int i, int j, float[] v) {
    return sumW[h][group] * v[2] * v[2]
        + sumW[h][i] * (v[0] * v[0] - v[1] * v[1])
        + sumW[h][j] * (v[1] * v[1] - v[2] * v[2]);
  }

  private float better(float best, float xq, float qq, int i, int j, int shift) {
    if (qq > 0 && xq * xq > best * qq) {
      scale = xq / qq;
      first = i;
      second = j;
      shifts = shift;
      return scale * xq;
    }
    return best;
  }

  /** Takes the nearest points for the quants, and the best scale for them. */
  private void toGrid(float[] x, int from, int g) {
    int w = g * group;
    boolean exact = true;
    for (int v = 0; v < vectors; v++) {
      int code = 0;
      for (int i = 0; i < 8; i++) {
        code |= quants[v * 8 + i] << 2 * i;
      }
      int point = grid.point(code);
      if (point < 0) {
        exact = false;
        float[] values = values(shifts, v);
        for (int i = 0; i < 8; i++) {
          for (int q = 0; q < 3; q++) {
            float d = scale * values[q] - x[from + v * 8 + i];
            costs[i * 3 + q] = weights[w + v * 8 + i] * d * d;
          }
        }
        point = grid.nearest8(point, costs);
      }
      points[g * vectors + v] = point;
    }
    if (exact) {
      return;
    }
    float xq = 0;
    float qq = 0;
    for (int v = 0; v < vectors; v++) {
      float[] values = values(shifts, v);
      for (int i = 0; i < 8; i++) {
        float q = values[grid.coordinate(points[g * vectors + v], i)];
        xq += weights[w + v * 8 + i] * q * x[from + v * 8 + i];
        qq += weights[w + v * 8 + i] * q * q;
      }
    }
    if (xq > 0 && qq > 0) {
      scale = xq / qq;
    }
  }

  private float[] values(int shift, int vector) {
    boolean down = medium ? (shift >> vector & 1) != 0 : shift != 0;
    return down ? DOWN : UP;
  }

  /** {@code f16 d, u8 low index[32], {u3 high index[4], u3 scale, u1 shift} [8]}. */
  private void writeSmall(byte[] dst, int to, float largest) {
    Arrays.fill(dst, to, to + 50, (byte) 0);
    float d = largest / 15;
    float inverse = 1 / d;
    // Found by experiment, as the factor of the other type.
    putHalf(dst, to, largest == 0 ? 0 : d * 1.125f);
    for (int g = 0; g < 8; g++) {
      int bits = 0;
      for (int v = 0; v < 4; v++) {
        dst[to + 2 + g * 4 + v] = (byte) points[g * 4 + v];
        bits |= points[g * 4 + v] >> 8 << 3 * v;
      }
      if (largest != 0) {
        bits |= nearest(0.5f * (inverse * scales[g] - 1), 0, MOST_SCALE) << 12;
        bits |= blockShifts[g] << 15;
      }
      putShort(dst, to + 34 + g * 2, bits);
    }
  }

  /** {@code u8 low index[32], {u3 high index, u1 shift} [32], {u3 scale[4], u4 of d} [4]}. */
  private void writeMedium(float[] x, int from, byte[] dst, int to, float largest) {
    Arrays.fill(dst, to, to + 56, (byte) 0);
    if (largest == 0) {
      return;
    }
    float inverse = 1 / (largest / 15);
    float xq = 0;
    float qq = 0;
    long packed = 0;
    for (int g = 0; g < 16; g++) {
      int whole = nearest(0.5f * (inverse * scales[g] - 1), 0, MOST_SCALE);
      packed |= (long) whole << (g >> 2) * 16 + (g & 3) * 3;
      for (int v = 0; v < 2; v++) {
        int point = points[g * 2 + v];
        int down = blockShifts[g] >> v & 1;
        dst[to + g * 2 + v] = (byte) point;
        dst[to + 32 + g] |= (byte) ((point >> 8 | down << 3) << v * 4);
        float[] values = values(blockShifts[g], v);
        for (int i = 0; i < 8; i++) {
          int at = g * 16 + v * 8 + i;
          float q = values[grid.coordinate(point, i)] * (2 * whole + 1);
          xq += weights[at] * q * x[from + at];
          qq += weights[at] * q * q;
        }
      }
    }
    float d = qq > 0 ? xq / qq : largest / 15;
    int half = Float.floatToFloat16(d * 1.1125f);
    for (int k = 0; k < 4; k++) {
      int word = (int) (packed >>> 16 * k) | (half >> 4 * k & 15) << 12;
      putShort(dst, to + 48 + 2 * k, word);
    }
  }
}
