package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.putHalf;
import static dev.lamina.quantize.Rounding.putInt;

/**
 * Encoding of Q4_0 and Q5_0: 32 values, one scale. Without importances the value of the largest
 * magnitude gets the lowest quant; with them the scale is searched for.
 */
final class SymmetricBlocks implements ImportantGroups.Search {
  private static final int BLOCK = ImportantGroups.SIZE;

  private final int bits;
  private final int levels;
  private final ImportantGroups important = new ImportantGroups();
  private final SymmetricFit fit;
  private final int[] q = new int[BLOCK];

  SymmetricBlocks(int bits) {
    this.bits = bits;
    this.levels = 1 << bits - 1;
    this.fit = new SymmetricFit(important.groups);
  }

  void encode(Rows rows) {
    if (rows.hasImportance()) {
      important.search(rows, this);
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
      write(rows, b, scale, q);
    }
  }

  @Override
  public void fit() {
    fit.fit(levels);
  }

  @Override
  public int quant(int g, int i) {
    return fit.quant(g, i);
  }

  @Override
  public void write(Rows rows, int block, int g, int[] quants) {
    write(rows, block, fit.scale[g], quants);
  }

  private void write(Rows rows, int block, float scale, int[] quants) {
    byte[] dst = rows.dst();
    int to = rows.to() + block * (bits == 4 ? 18 : 22);
    putHalf(dst, to, scale);
    if (bits == 4) {
      putNibbles(quants, dst, to + 2);
    } else {
      putFifthBits(quants, dst, to + 2);
      putNibbles(quants, dst, to + 6);
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
