package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.TINY;
import static dev.lamina.quantize.Rounding.half;
import static dev.lamina.quantize.Rounding.nearest;
import static dev.lamina.quantize.Rounding.putHalf;

import java.util.Arrays;

/** Encoding of Q6_K: 256 values in groups of 16, each with a scale of eight bits. */
final class Q6SuperBlocks {
  private static final int BLOCK = 256;
  private static final int GROUP = 16;
  private static final int LEVELS = 32;
  private static final int AT_ONCE = Groups.MOST / GROUP;
  private static final int BYTES = 210;

  private final Groups groups = new Groups(GROUP);
  private final SymmetricFit fit = new SymmetricFit(groups);
  private final float[] weights = new float[AT_ONCE * BLOCK];
  private final int[] scales = new int[GROUP];
  private final int[] q = new int[BLOCK];

  void encode(Rows rows) {
    int blocks = rows.values() / BLOCK;
    for (int first = 0; first < blocks; first += AT_ONCE) {
      int n = Math.min(AT_ONCE, blocks - first);
      if (rows.hasImportance()) {
        for (int b = 0; b < n; b++) {
          int column = rows.column((first + b) * BLOCK);
          System.arraycopy(rows.importance(), column, weights, b * BLOCK, BLOCK);
        }
      } else {
        Weights.squares(rows.x(), rows.from() + first * BLOCK, n * BLOCK, weights, 0);
      }
      groups.load(rows.x(), rows.from() + first * BLOCK, weights, n * GROUP);
      fit.fit(LEVELS);
      for (int b = 0; b < n; b++) {
        write(rows, first + b, b * GROUP);
      }
    }
  }

  /** Finishes a block whose groups are those from {@code g} on. */
  private void write(Rows rows, int block, int g) {
    byte[] dst = rows.dst();
    int to = rows.to() + block * BYTES;
    float largest = 0;
    for (int j = 0; j < GROUP; j++) {
      largest = Math.abs(fit.scale[g + j]) > Math.abs(largest) ? fit.scale[g + j] : largest;
    }
    if (Math.abs(largest) < TINY) {
      Arrays.fill(dst, to, to + BYTES, (byte) 0);
      return;
    }
    float inverse = -128 / largest;
    float scale = half(1 / inverse);
    int at = rows.from() + block * BLOCK;
    for (int j = 0; j < GROUP; j++) {
      scales[j] = Math.min(127, nearest(inverse * fit.scale[g + j]));
      float d = scale * scales[j];
      for (int i = 0; i < GROUP; i++) {
        float x = rows.x()[at + j * GROUP + i];
        q[j * GROUP + i] =
            d == 0 ? fit.quant(g + j, i) : LEVELS + nearest(x / d, -LEVELS, LEVELS - 1);
      }
    }
    for (int i = 0; i < 64; i++) {
      int half = (i >> 5) * 128 + (i & 31);
      int low = to + (i >> 5) * 64 + (i & 31);
      dst[low] = (byte) (q[half] & 15 | q[half + 64] << 4);
      dst[low + 32] = (byte) (q[half + 32] & 15 | q[half + 96] << 4);
      dst[to + 128 + i] =
          (byte)
              (q[half] >> 4
                  | q[half + 32] >> 4 << 2
                  | q[half + 64] >> 4 << 4
                  | q[half + 96] >> 4 << 6);
    }
    for (int j = 0; j < GROUP; j++) {
      dst[to + 192 + j] = (byte) scales[j];
    }
    putHalf(dst, to + 208, scale);
  }
}
