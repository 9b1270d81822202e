package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.putHalf;

/**
 * Encoding of Q4_1 and Q5_1: 32 values, a scale and a minimum. Without importances they follow from
 * the lowest and the highest value; with them they are searched for.
 */
final class AffineBlocks {
  private static final int BLOCK = 32;

  private final int bits;
  private final int most;
  private final AffineFit.Search search;
  private final Groups groups;
  private final AffineFit fit;
  private final float[] weights;
  private final int[] q = new int[BLOCK];

  AffineBlocks(int bits) {
    this.bits = bits;
    this.most = (1 << bits) - 1;
    this.search = new AffineFit.Search(most, -0.9f, 0.05f, 36, false);
    this.groups = new Groups(BLOCK);
    this.fit = new AffineFit(groups);
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
      write(rows, b, scale, min);
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
      fit.fit(search);
      for (int b = 0; b < n; b++) {
        for (int i = 0; i < BLOCK; i++) {
          q[i] = fit.quant(b, i);
        }
        write(rows, first + b, fit.scale[b], fit.min[b]);
      }
    }
  }

  private void write(Rows rows, int block, float scale, float min) {
    byte[] dst = rows.dst();
    int to = rows.to() + block * (bits == 4 ? 20 : 24);
    putHalf(dst, to, scale);
    putHalf(dst, to + 2, min);
    if (bits == 4) {
      SymmetricBlocks.putNibbles(q, dst, to + 4);
    } else {
      SymmetricBlocks.putFifthBits(q, dst, to + 4);
      SymmetricBlocks.putNibbles(q, dst, to + 8);
    }
  }
}
