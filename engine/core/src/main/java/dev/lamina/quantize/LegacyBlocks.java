package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.awayFromZero;
import static dev.lamina.quantize.Rounding.putHalf;

import dev.lamina.gguf.QuantTables;

/** Encoding of the types with blocks of 32 that need no search: Q8_0 and MXFP4. */
final class LegacyBlocks {
  private static final int BLOCK = 32;

  private LegacyBlocks() {}

  static void q80(Rows rows) {
    float[] x = rows.x();
    byte[] dst = rows.dst();
    int to = rows.to();
    int end = rows.from() + rows.values();
    for (int at = rows.from(); at < end; at += BLOCK, to += 34) {
      float scale = largest(x, at) / 127;
      float inverse = scale != 0 ? 1 / scale : 0;
      putHalf(dst, to, scale);
      for (int i = 0; i < BLOCK; i++) {
        dst[to + 2 + i] = (byte) awayFromZero(x[at + i] * inverse);
      }
    }
  }

  /** The exponent such that the largest magnitude is between 4 and 8, and the nearest levels. */
  static void mxfp4(Rows rows) {
    float[] x = rows.x();
    byte[] dst = rows.dst();
    int to = rows.to();
    int end = rows.from() + rows.values();
    for (int at = rows.from(); at < end; at += BLOCK, to += 17) {
      float largest = largest(x, at);
      int exponent = largest > 0 ? Math.clamp(Math.getExponent(largest) + 125L, 0, 254) : 0;
      float scale = QuantTables.mxfp4Scale(exponent);
      dst[to] = (byte) exponent;
      for (int i = 0; i < 16; i++) {
        int low = nearestMxfp4(x[at + i], scale);
        int high = nearestMxfp4(x[at + i + 16], scale);
        dst[to + 1 + i] = (byte) (low | high << 4);
      }
    }
  }

  /**
   * The number of the level nearest to {@code x}, of two the one nearer to zero: between the levels
   * 0, 1, 2, 3, 4, 6, 8 and 12. Division by the scale is exact, since that is a power of two.
   */
  private static int nearestMxfp4(float x, float scale) {
    float v = Math.abs(x) / scale;
    int level =
        (v > 0.5f ? 1 : 0)
            + (v > 1.5f ? 1 : 0)
            + (v > 2.5f ? 1 : 0)
            + (v > 3.5f ? 1 : 0)
            + (v > 5 ? 1 : 0)
            + (v > 7 ? 1 : 0)
            + (v > 10 ? 1 : 0);
    return x < 0 && level > 0 ? level + 8 : level;
  }

  private static float largest(float[] x, int at) {
    float largest = 0;
    for (int i = at; i < at + BLOCK; i++) {
      largest = Math.max(largest, Math.abs(x[i]));
    }
    return largest;
  }
}
