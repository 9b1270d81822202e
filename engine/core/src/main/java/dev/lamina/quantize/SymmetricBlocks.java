package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.putHalf;
import static dev.lamina.quantize.Rounding.putInt;

/**
 * Encoding of Q4_0 and Q5_0: 32 values, one scale. Without importances the value of the largest
 * magnitude gets the lowest quant; with them the scale is searched for.
 */
final class SymmetricBlocks {
  private static final int BLOCK = 32;

  private final int bits;
  private final int levels;
  private final Groups groups;
  private final SymmetricFit fit;
  private final float[] weights;
  private final int[] q = new int[BLOCK];

  SymmetricBlocks(int bits) {
    this.bits = bits;
    this.levels = 1 << bits - 1;
    this.groups = new Groups(BLOCK);
    this.fit = new SymmetricFit(groups);
    this.weights = new float[BLOCK * Groups.MOST];
  }

  void encode(Rows rows) {
    if (rows.hasImportance()) {
      search(rows);
      return;
    }
    int blocks = rows.values() / BLOCK;
    float[] x = rows.x();
    for (int b = 0; b < blocks; b++) {
      int at = rows.from() + b * BLOCK;
      float largest = 0;
      for (int i = at; i < at + BLOCK; i++) {
        largest = Math.abs(x[i]) > Math.abs(largest) ? x[i] : largest;
      }
      float scale = largest / -levels;
      float inverse = scale != 0 ? 1 / scale : 0;
      for (int i = 0; i < BLOCK; i++) {
        q[i] = Math.min(2 * levels - 1, (int) (x[at + i] * inverse + (levels + 0.5f)));
      }
      write(rows, b, scale);
    }
  }

  private void search(Rows rows) {
    int blocks = rows.values() / BLOCK;
    int inRow = rows.cols() / BLOCK;
    float[] x = rows.x();
    float spread = 0;
    for (int first = 0; first < blocks; first += Groups.MOST) {
      int n = Math.min(Groups.MOST, blocks - first);
      for (int b = 0; b < n; b++) {
        int column = (first + b) % inRow;
        int at = rows.from() + (first + b) * BLOCK;
        if (column == 0) {
          spread = Weights.meanSquare(x, at, rows.cols());
        }
        Weights.important(
            x, at, BLOCK, rows.importance(), column * BLOCK, spread, weights, b * BLOCK);
      }
      groups.load(x, rows.from() + first * BLOCK, weights, n);
      fit.fit(levels);
      for (int b = 0; b < n; b++) {
        for (int i = 0; i < BLOCK; i++) {
          q[i] = fit.quant(b, i);
        }
        write(rows, first + b, fit.scale[b]);
      }
    }
  }

  private void write(Rows rows, int block, float scale) {
    byte[] dst = rows.dst();
    int to = rows.to() + block * (bits == 4 ? 18 : 22);
    putHalf(dst, to, scale);
    if (bits == 4) {
      putNibbles(q, dst, to + 2);
    } else {
      putFifthBits(q, dst, to + 2);
      putNibbles(q, dst, to + 6);
    }
  }

  /** The low four bits of 32 quants: value i below value i + 16. */
  static void putNibbles(int[] q, byte[] dst, int to) {
    for (int i = 0; i < 16; i++) {
      dst[to + i] = (byte) (q[i] & 15 | q[i + 16] << 4);
    }
  }

  /** Bit 4 of 32 quants. */
  static void putFifthBits(int[] q, byte[] dst, int to) {
    int high = 0;
    for (int i = 0; i < BLOCK; i++) {
      high |= (q[i] >> 4 & 1) << i;
    }
    putInt(dst, to, high);
  }
}
