package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.half;
import static dev.lamina.quantize.Rounding.nearest;
import static dev.lamina.quantize.Rounding.putHalf;

/** Encoding of Q3_K: 256 values in groups of 16, each with a scale of six bits. */
final class Q3SuperBlocks {
  private static final int BLOCK = 256;
  private static final int GROUP = 16;
  private static final int LEVELS = 4;
  private static final int SCALE_LEVELS = 32;
  private static final int AT_ONCE = Groups.MOST / GROUP;
  private static final int BYTES = 110;

  private final Groups groups = new Groups(GROUP);
  private final SymmetricFit fit = new SymmetricFit(groups);
  private final Groups scaleGroups = new Groups(GROUP);
  private final SymmetricFit scaleFit = new SymmetricFit(scaleGroups);
  private final float[] weights = new float[AT_ONCE * BLOCK];
  private final float[] sums = new float[Groups.MOST];
  private final float[] groupScales = new float[GROUP];
  private final int[] scales = new int[GROUP];
  private final int[] group = new int[GROUP];
  private final int[] q = new int[BLOCK];

  void encode(Rows rows) {
    int blocks = rows.values() / BLOCK;
    for (int first = 0; first < blocks; first += AT_ONCE) {
      int n = Math.min(AT_ONCE, blocks - first);
      if (rows.hasImportance()) {
        search(rows, first, n);
      }
      for (int b = 0; b < n; b++) {
        float scale = rows.hasImportance() ? searched(b) : descended(rows, first + b);
        write(rows, first + b, scale);
      }
    }
  }

  /** Finds the scales of the groups of {@code n} blocks, and those of the blocks. */
  private void search(Rows rows, int first, int n) {
    float[] x = rows.x();
    for (int b = 0; b < n; b++) {
      int at = (first + b) * BLOCK;
      float spread = 2 * Weights.meanSquare(x, rows.from() + at, BLOCK);
      Weights.important(
          x,
          rows.from() + at,
          BLOCK,
          rows.importance(),
          rows.column(at),
          spread,
          weights,
          b * BLOCK);
    }
    groups.load(x, rows.from() + first * BLOCK, weights, n * GROUP);
    fit.fit(LEVELS);
    for (int g = 0; g < n * GROUP; g++) {
      float sum = 0;
      for (int i = 0; i < GROUP; i++) {
        sum += weights[g * GROUP + i];
      }
      sums[g] = sum;
    }
    scaleGroups.load(fit.scale, 0, sums, n);
    scaleFit.fit(SCALE_LEVELS);
  }

  private float searched(int b) {
    for (int j = 0; j < GROUP; j++) {
      scales[j] = scaleFit.quant(b, j);
      for (int i = 0; i < GROUP; i++) {
        q[j * GROUP + i] = fit.quant(b * GROUP + j, i);
      }
    }
    return scaleFit.scale[b];
  }

  private float descended(Rows rows, int block) {
    float largest = 0;
    for (int j = 0; j < GROUP; j++) {
      int at = rows.from() + block * BLOCK + j * GROUP;
      float scale = ScaleFit.descent(GROUP, LEVELS, rows.x(), at, group);
      groupScales[j] = scale;
      for (int i = 0; i < GROUP; i++) {
        q[j * GROUP + i] = scale == 0 ? 0 : group[i] + LEVELS;
      }
      largest = Math.abs(scale) > Math.abs(largest) ? scale : largest;
    }
    if (largest == 0) {
      java.util.Arrays.fill(scales, 0);
      return 0;
    }
    float inverse = -SCALE_LEVELS / largest;
    for (int j = 0; j < GROUP; j++) {
      scales[j] = SCALE_LEVELS + nearest(inverse * groupScales[j], -SCALE_LEVELS, SCALE_LEVELS - 1);
    }
    return 1 / inverse;
  }

  private void write(Rows rows, int block, float scale) {
    int at = rows.from() + block * BLOCK;
    for (int j = 0; j < GROUP; j++) {
      float d = half(scale) * (scales[j] - SCALE_LEVELS);
      for (int i = j * GROUP; d != 0 && i < (j + 1) * GROUP; i++) {
        q[i] = LEVELS + nearest(rows.x()[at + i] / d, -LEVELS, LEVELS - 1);
      }
    }
    byte[] dst = rows.dst();
    int to = rows.to() + block * BYTES;
    AffineSuperBlocks.putHighBits(q, 2, dst, to);
    AffineSuperBlocks.putPairs(q, dst, to + 32);
    for (int j = 0; j < 8; j++) {
      dst[to + 96 + j] = (byte) (scales[j] & 15 | (scales[j + 8] & 15) << 4);
    }
    for (int j = 0; j < 4; j++) {
      dst[to + 104 + j] =
          (byte)
              (scales[j] >> 4
                  | scales[j + 4] >> 4 << 2
                  | scales[j + 8] >> 4 << 4
                  | scales[j + 12] >> 4 << 6);
    }
    putHalf(dst, to + 108, scale);
  }
}
