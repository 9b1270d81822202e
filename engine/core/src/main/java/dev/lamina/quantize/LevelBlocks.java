package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.TINY;
import static dev.lamina.quantize.Rounding.nearest;
import static dev.lamina.quantize.Rounding.putHalf;
import static dev.lamina.quantize.Rounding.putShort;

import dev.lamina.gguf.QuantTables;
import java.util.Arrays;

/**
 * Encoding of IQ4_NL, 32 values with a scale, and of IQ4_XS, 256 values in groups of 32 with a
 * scale of six bits each; quants are the numbers of 16 levels that lie closer together near zero.
 */
final class LevelBlocks {
  private static final int GROUP = 32;
  private static final int TRIALS = 7;
  private static final byte[] LEVELS = QuantTables.iq4nl();
  private static final float LOWEST = LEVELS[0];

  /** Twice the value that lies as far from a level as from the one before, lowest and highest. */
  private static final int FIRST = LEVELS[0] + LEVELS[1];

  private static final int LAST = LEVELS[14] + LEVELS[15];

  /** The nearest level to values with twice the value from {@code FIRST - 1 + i} to 1 above. */
  private static final byte[] NEAREST = new byte[LAST - FIRST + 2];

  static {
    int level = 0;
    for (int i = 0; i < NEAREST.length; i++) {
      while (level < 15 && FIRST - 1 + i >= LEVELS[level] + LEVELS[level + 1]) {
        level++;
      }
      NEAREST[i] = (byte) level;
    }
  }

  private final boolean superBlocks;
  private final int block;
  private final float[] weights = new float[GROUP];
  private final float[] scales = new float[8];
  private final int[] q = new int[256];

  LevelBlocks(boolean superBlocks) {
    this.superBlocks = superBlocks;
    this.block = superBlocks ? 256 : GROUP;
  }

  void encode(Rows rows) {
    int blocks = rows.values() / block;
    for (int b = 0; b < blocks; b++) {
      int at = rows.from() + b * block;
      float spread = 2 * Weights.meanSquare(rows.x(), at, block);
      for (int g = 0; g < block / GROUP; g++) {
        int from = at + g * GROUP;
        if (rows.hasImportance()) {
          int column = rows.column(b * block + g * GROUP);
          Weights.important(rows.x(), from, GROUP, rows.importance(), column, spread, weights, 0);
        } else {
          Weights.squares(rows.x(), from, GROUP, weights, 0);
        }
        scales[g] = search(rows.x(), from);
      }
      if (superBlocks) {
        writeSuperBlock(rows, b);
      } else {
        int to = rows.to() + b * 18;
        putHalf(rows.dst(), to, scales[0]);
        quantize(rows.x(), at, scales[0] != 0 ? 1 / scales[0] : 0, 0);
        putGroup(0, rows.dst(), to + 2);
      }
    }
  }

  /** The best scale for a group: that of the trial with the least weighted squares. */
  private float search(float[] x, int from) {
    float largest = 0;
    for (int i = from; i < from + GROUP; i++) {
      largest = Math.abs(x[i]) > Math.abs(largest) ? x[i] : largest;
    }
    if (Math.abs(largest) < TINY) {
      return 0;
    }
    float scale = 0;
    float best = 0;
    for (int t = -TRIALS - 1; t <= TRIALS; t++) {
      float inverse = t < -TRIALS ? 1 / (-largest / LOWEST) : (t + LOWEST) / largest;
      float sumXq = 0;
      float sumQq = 0;
      for (int i = 0; i < GROUP; i++) {
        float level = LEVELS[level(inverse * x[from + i])];
        float wq = weights[i] * level;
        sumXq += wq * x[from + i];
        sumQq += wq * level;
      }
      if (t < -TRIALS) {
        scale = sumQq > 0 ? sumXq / sumQq : 0;
        best = scale * sumXq;
      } else if (sumQq > 0 && sumXq * sumXq > best * sumQq) {
        scale = sumXq / sumQq;
        best = scale * sumXq;
      }
    }
    return scale;
  }

  /** The number of the nearest level, the upper one of two. */
  private static int level(float v) {
    float twice = 2 * v;
    int whole = (int) twice;
    int below = whole > twice ? whole - 1 : whole;
    return NEAREST[Math.clamp(below, FIRST - 1, LAST) - (FIRST - 1)];
  }

  private void quantize(float[] x, int from, float inverse, int to) {
    for (int i = 0; i < GROUP; i++) {
      q[to + i] = level(inverse * x[from + i]);
    }
  }

  private void writeSuperBlock(Rows rows, int b) {
    byte[] dst = rows.dst();
    int to = rows.to() + b * 136;
    float largest = 0;
    for (float scale : scales) {
      largest = Math.abs(scale) > Math.abs(largest) ? scale : largest;
    }
    float d = -largest / 32;
    float inverse = d != 0 ? 1 / d : 0;
    putHalf(dst, to, d);
    Arrays.fill(dst, to + 4, to + 8, (byte) 0);
    int high = 0;
    for (int g = 0; g < 8; g++) {
      int scale = nearest(inverse * scales[g], -32, 31);
      float whole = d * scale;
      quantize(rows.x(), rows.from() + b * 256 + g * GROUP, whole != 0 ? 1 / whole : 0, g * GROUP);
      high |= (scale + 32 >> 4) << 2 * g;
      dst[to + 4 + (g >> 1)] |= (byte) ((scale + 32 & 15) << (g & 1) * 4);
      putGroup(g * GROUP, dst, to + 8 + g * 16);
    }
    putShort(dst, to + 2, high);
  }

  /** 32 quants: value i below value i + 16. */
  private void putGroup(int from, byte[] dst, int to) {
    for (int i = 0; i < 16; i++) {
      dst[to + i] = (byte) (q[from + i] | q[from + i + 16] << 4);
    }
  }
}
