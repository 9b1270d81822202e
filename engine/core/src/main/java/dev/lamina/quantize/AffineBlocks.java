package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.putHalf;

/**
 * Encoding of Q4_1 and Q5_1: 32 values, a scale and a minimum. Without importances they follow from
 * the lowest and the highest value; with them they are searched for.
 */
final class AffineBlocks implements ImportantGroups.Search {
  private static final int BLOCK = ImportantGroups.SIZE;

  private final int bits;
  private final int most;
  private final AffineFit.Search search;
  private final ImportantGroups important = new ImportantGroups();
  private final AffineFit fit;
  private final int[] q = new int[BLOCK];

  AffineBlocks(int bits) {
    this.bits = bits;
    this.most = (1 << bits) - 1;
    this.search = new AffineFit.Search(most, -0.9f, 0.05f, 36, false);
    this.fit = new AffineFit(important.groups);
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
      float min = Float.MAX_VALUE;
      float max = -Float.MAX_VALUE;
      for (int i = at; i < at + BLOCK; i++) {
        min = Math.min(min, x[i]);
        max = Math.max(max, x[i]);
      }
      float scale = (max - min) / most;
      float inverse = scale != 0 ? 1 / scale : 0;
      for (int i = 0; i < BLOCK; i++) {
        q[i] = Math.min(most, (int) ((x[at + i] - min) * inverse + 0.5f));
      }
      write(rows, b, scale, min, q);
    }
  }

  @Override
  public void fit() {
    fit.fit(search);
  }

  @Override
  public int quant(int g, int i) {
    return fit.quant(g, i);
  }

  @Override
  public void write(Rows rows, int block, int g, int[] quants) {
    write(rows, block, fit.scale[g], fit.min[g], quants);
  }

  private void write(Rows rows, int block, float scale, float min, int[] quants) {
    byte[] dst = rows.dst();
    int to = rows.to() + block * (bits == 4 ? 20 : 24);
    putHalf(dst, to, scale);
    putHalf(dst, to + 2, min);
    if (bits == 4) {
      SymmetricBlocks.putNibbles(quants, dst, to + 4);
    } else {
      SymmetricBlocks.putFifthBits(quants, dst, to + 4);
      SymmetricBlocks.putNibbles(quants, dst, to + 8);
    }
  }
}
