package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.TINY;
import static dev.lamina.quantize.Rounding.nearest;
import static dev.lamina.quantize.Rounding.putHalf;
import static dev.lamina.quantize.Rounding.putInt;
import static dev.lamina.quantize.Rounding.putShort;

import java.util.Arrays;

/**
 * Encoding of IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS and IQ3_S: 256 values in groups with a scale of four
 * bits each; the magnitudes of 8 or 4 values together are a point of a grid, times odd numbers.
 *
 * <p>For each group, trial scales; for each of them the grid points nearest to the magnitudes, the
 * best scale for these, and its weighted error. Types with seven stored signs for eight values know
 * only even numbers of negative values: where the number is odd, the least important value gets the
 * wrong sign.
 */
final class GridBlocks {
  private static final int BLOCK = 256;
  private static final int MOST_SCALE = 15;

  /** In what the five types differ. */
  enum Kind {
    IQ2_XXS(32, true, 1, 0.1f, 6, TINY, 1, 66),
    IQ2_XS(16, true, 1, 0.1f, 9, TINY, 1, 74),
    IQ2_S(16, false, 2, 0.1f, 9, 1e-8f, 0.9875f, 82),
    IQ3_XXS(32, true, 2, 0.2f, 15, 1e-8f, 1.0125f, 98),
    IQ3_S(32, false, 2, 0.2f, 9, Float.MIN_VALUE, 1.033f, 110);

    private final int group;
    private final boolean evenSigns;
    private final int spread;
    private final float step;
    private final int trials;
    private final float tiny;

    /** On the float16 scale, found by experiment. */
    private final float fudge;

    private final int bytes;

    Kind(
        int group,
        boolean evenSigns,
        int spread,
        float step,
        int trials,
        float tiny,
        float fudge,
        int bytes) {
      this.group = group;
      this.evenSigns = evenSigns;
      this.spread = spread;
      this.step = step;
      this.trials = trials;
      this.tiny = tiny;
      this.fudge = fudge;
      this.bytes = bytes;
    }
  }

  private final Kind kind;
  private final GridIndex grid;
  private final int group;
  private final int dimensions;
  private final int vectors;

  /** The highest level as an odd number: 5 or 15. */
  private final int highest;

  private final float[] weights = new float[BLOCK];
  private final float[] roots = new float[32];
  private final float[] magnitudes = new float[32];
  private final float[] weighted = new float[32];
  private final int[] ladder = new int[32];
  private final float[] costs = new float[24];
  private final float[] values = new float[8];
  private final int[] trialPoints = new int[8];
  private final boolean[] trialExact = new boolean[8];
  private final int[] points = new int[8];
  private final boolean[] exact = new boolean[8];
  private float sumXq;
  private float sumQq;

  private final float[] scales = new float[16];
  private final int[] blockPoints = new int[64];
  private final int[] blockSigns = new int[32];

  GridBlocks(Kind kind) {
    this.kind = kind;
    this.grid =
        switch (kind) {
          case IQ2_XXS -> GridIndex.Of2Xxs.GRID;
          case IQ2_XS -> GridIndex.Of2Xs.GRID;
          case IQ2_S -> GridIndex.Of2S.GRID;
          case IQ3_XXS -> GridIndex.Of3Xxs.GRID;
          case IQ3_S -> GridIndex.Of3S.GRID;
        };
    this.group = kind.group;
    this.dimensions = grid.dimensions();
    this.vectors = group / dimensions;
    this.highest = 2 * grid.levels() - 1;
  }

  void encode(Rows rows) {
    int blocks = rows.values() / BLOCK;
    for (int b = 0; b < blocks; b++) {
      weigh(rows, b * BLOCK);
      Arrays.fill(blockPoints, 0);
      Arrays.fill(blockSigns, 0);
      float largest = 0;
      for (int g = 0; g < BLOCK / group; g++) {
        scales[g] = search(rows.x(), rows.from() + b * BLOCK + g * group, g);
        largest = Math.max(largest, scales[g]);
      }
      write(rows.dst(), rows.to() + b * kind.bytes, largest);
    }
  }

  private void weigh(Rows rows, int at) {
    float[] x = rows.x();
    int from = rows.from() + at;
    float spread = kind.spread * Weights.meanSquare(x, from, BLOCK);
    if (rows.hasImportance()) {
      Weights.important(x, from, BLOCK, rows.importance(), rows.column(at), spread, weights, 0);
    } else if (kind == Kind.IQ2_S) {
      for (int i = 0; i < BLOCK; i++) {
        weights[i] = 0.25f * spread + x[from + i] * x[from + i];
      }
    } else {
      Weights.squares(x, from, BLOCK, weights, 0);
    }
  }

  /** Finds points and signs of a group, and returns its scale. */
  private float search(float[] x, int from, int g) {
    int w = g * group;
    int sign = g * group / 8;
    for (int i = 0; i < group; i += 8) {
      blockSigns[sign + i / 8] = signs(x, from + i, w + i, i);
    }
    float largest = magnitudes[0];
    for (int i = 0; i < group; i++) {
      largest = Math.max(largest, magnitudes[i]);
      roots[i] = (float) Math.sqrt(weights[w + i]);
      weighted[i] = weights[w + i] * magnitudes[i];
    }
    float reach = largest;
    float scale = largest / highest;
    if (!(largest < kind.tiny) && kind == Kind.IQ2_XXS) {
      scale = ScaleFit.positive(group, grid.levels() + 1, magnitudes, 0, weights, w, ladder);
      reach = scale * grid.levels();
    }
    if (largest < kind.tiny || reach <= 0) {
      Arrays.fill(blockSigns, sign, sign + group / 8, 0);
      return 0;
    }
    scale = trials(w, scale, reach);
    boolean again = kind == Kind.IQ2_XXS;
    for (int v = 0; v < vectors; v++) {
      again |= !exact[v];
    }
    if (again && scale > 0) {
      boolean all = kind == Kind.IQ2_XXS || kind == Kind.IQ3_S;
      for (int v = 0; v < vectors; v++) {
        if (all || !exact[v]) {
          points[v] = round(v, 1 / scale, scale, exact);
        }
      }
      sum(w, points);
      scale = sumQq > 0 ? sumXq / sumQq : scale;
    }
    if (scale < 0) {
      scale = -scale;
      for (int i = 0; i < group / 8; i++) {
        blockSigns[sign + i] = ~blockSigns[sign + i] & (kind.evenSigns ? 127 : 255);
      }
    }
    System.arraycopy(points, 0, blockPoints, g * vectors, vectors);
    return scale;
  }

  /** Takes the magnitudes of eight values, and returns their signs. */
  private int signs(float[] x, int from, int w, int to) {
    int signs = 0;
    for (int i = 0; i < 8; i++) {
      magnitudes[to + i] = Math.abs(x[from + i]);
      signs |= x[from + i] >= 0 ? 0 : 1 << i;
    }
    if (!kind.evenSigns) {
      return signs;
    }
    if ((Integer.bitCount(signs) & 1) != 0) {
      int least = 0;
      float cost = Float.POSITIVE_INFINITY;
      for (int i = 0; i < 8; i++) {
        float c = weights[w + i] * x[from + i] * x[from + i];
        if (c < cost) {
          cost = c;
          least = i;
        }
      }
      magnitudes[to + least] = -magnitudes[to + least];
      signs ^= 1 << least;
    }
    return signs & 127;
  }

  /** The points of the best trial, and its scale. */
  private float trials(int w, float start, float reach) {
    Arrays.fill(points, 0);
    Arrays.fill(exact, kind != Kind.IQ3_S);
    float scale = start;
    float best = 0;
    for (int t = -kind.trials; t <= kind.trials; t++) {
      float inverse = (highest + t * kind.step) / reach;
      float trial = 1 / inverse;
      for (int v = 0; v < vectors; v++) {
        trialPoints[v] = round(v, inverse, trial, trialExact);
      }
      sum(w, trialPoints);
      if (sumQq > 0 && sumXq * sumXq > best * sumQq) {
        scale = sumXq / sumQq;
        best = scale * sumXq;
        System.arraycopy(trialPoints, 0, points, 0, vectors);
        System.arraycopy(trialExact, 0, exact, 0, vectors);
      }
    }
    return scale;
  }

  /** The point for vector {@code v}; notes whether it is just the rounded magnitudes. */
  private int round(int v, float inverse, float scale, boolean[] exact) {
    int from = v * dimensions;
    int code = 0;
    int levels = grid.levels();
    for (int i = 0; i < dimensions; i++) {
      int q = nearest(0.5f * (inverse * magnitudes[from + i] - 1), 0, levels - 1);
      code |= q << grid.bits() * i;
    }
    int point = grid.point(code);
    exact[v] = point >= 0;
    if (point >= 0) {
      return point;
    }
    for (int q = 0; q < levels; q++) {
      values[q] = scale * (2 * q + 1);
    }
    if (dimensions == 4) {
      return grid.nearest4(point, values, magnitudes, roots, from);
    }
    for (int i = 0; i < 8; i++) {
      for (int q = 0; q < 3; q++) {
        float d = values[q] - magnitudes[from + i];
        costs[i * 3 + q] = roots[from + i] * d * d;
      }
    }
    return grid.nearest8(point, costs);
  }

  private void sum(int w, int[] of) {
    float xq = 0;
    float qq = 0;
    for (int v = 0; v < vectors; v++) {
      for (int i = 0; i < dimensions; i++) {
        float q = 2 * grid.coordinate(of[v], i) + 1;
        xq += weighted[v * dimensions + i] * q;
        qq += weights[w + v * dimensions + i] * q * q;
      }
    }
    sumXq = xq;
    sumQq = qq;
  }

  private void write(byte[] dst, int to, float largest) {
    Arrays.fill(dst, to, to + kind.bytes, (byte) 0);
    if (largest == 0) {
      return;
    }
    float d = largest / 31;
    float inverse = 1 / d;
    putHalf(dst, to, d * kind.fudge);
    for (int g = 0; g < BLOCK / group; g++) {
      int scale = nearest(0.5f * (inverse * scales[g] - 1), 0, MOST_SCALE);
      switch (kind) {
        case IQ2_XXS -> {
          for (int v = 0; v < 4; v++) {
            dst[to + 2 + g * 8 + v] = (byte) blockPoints[g * 4 + v];
          }
          putInt(dst, to + 6 + g * 8, sevenBitSigns(g) | scale << 28);
        }
        case IQ2_XS -> {
          for (int v = g * 2; v < g * 2 + 2; v++) {
            putShort(dst, to + 2 + v * 2, blockPoints[v] | blockSigns[v] << 9);
          }
          dst[to + 66 + g / 2] |= (byte) (scale << (g & 1) * 4);
        }
        case IQ2_S -> {
          for (int v = g * 2; v < g * 2 + 2; v++) {
            dst[to + 2 + v] = (byte) blockPoints[v];
            dst[to + 34 + v] = (byte) blockSigns[v];
            dst[to + 66 + v / 4] |= (byte) (blockPoints[v] >> 8 << (v & 3) * 2);
          }
          dst[to + 74 + g / 2] |= (byte) (scale << (g & 1) * 4);
        }
        case IQ3_XXS -> {
          for (int v = g * 8; v < g * 8 + 8; v++) {
            dst[to + 2 + v] = (byte) blockPoints[v];
          }
          putInt(dst, to + 66 + g * 4, sevenBitSigns(g) | scale << 28);
        }
        case IQ3_S -> {
          for (int v = g * 8; v < g * 8 + 8; v++) {
            dst[to + 2 + v] = (byte) blockPoints[v];
            dst[to + 66 + g] |= (byte) (blockPoints[v] >> 8 << (v & 7));
          }
          for (int i = g * 4; i < g * 4 + 4; i++) {
            dst[to + 74 + i] = (byte) blockSigns[i];
          }
          dst[to + 106 + g / 2] |= (byte) (scale << (g & 1) * 4);
        }
      }
    }
  }

  /** The signs of 32 values in 28 bits. */
  private int sevenBitSigns(int g) {
    int bits = 0;
    for (int i = 0; i < 4; i++) {
      bits |= blockSigns[g * 4 + i] << 7 * i;
    }
    return bits;
  }
}
