package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.awayFromZero;
import static dev.lamina.quantize.Rounding.putHalf;

/** Encoding of TQ1_0 and TQ2_0: 256 values, each -1, 0 or 1 times the largest magnitude. */
final class TernaryBlocks {
  private static final int BLOCK = 256;

  private TernaryBlocks() {}

  static void tq1(Rows rows) {
    int to = rows.to();
    for (int at = 0; at < rows.values(); at += BLOCK, to += 54) {
      float inverse = scale(rows, at, to + 52);
      pack(rows, at, 32, 5, inverse, to);
      pack(rows, at + 160, 16, 5, inverse, to + 32);
      pack(rows, at + 240, 4, 4, inverse, to + 48);
    }
  }

  /**
   * Byte m gets values m, m + bytes, m + 2 bytes ... as the digits of a five-digit number to the
   * base of three, divided by 243 and rounded up to a multiple of 1/256.
   */
  private static void pack(Rows rows, int at, int bytes, int each, float inverse, int to) {
    for (int m = 0; m < bytes; m++) {
      int number = 0;
      for (int n = 0; n < 5; n++) {
        number = 3 * number + (n < each ? digit(rows, at + n * bytes + m, inverse) : 0);
      }
      rows.dst()[to + m] = (byte) ((number * 256 + 242) / 243);
    }
  }

  static void tq2(Rows rows) {
    int to = rows.to();
    for (int at = 0; at < rows.values(); at += BLOCK, to += 66) {
      float inverse = scale(rows, at, to + 64);
      for (int i = 0; i < 64; i++) {
        int value = at + (i >> 5) * 128 + (i & 31);
        int bits = 0;
        for (int run = 0; run < 4; run++) {
          bits |= digit(rows, value + run * 32, inverse) << 2 * run;
        }
        rows.dst()[to + i] = (byte) bits;
      }
    }
  }

  private static float scale(Rows rows, int at, int to) {
    float largest = 0;
    for (int i = rows.from() + at; i < rows.from() + at + BLOCK; i++) {
      largest = Math.max(largest, Math.abs(rows.x()[i]));
    }
    putHalf(rows.dst(), to, largest);
    return largest != 0 ? 1 / largest : 0;
  }

  private static int digit(Rows rows, int at, float inverse) {
    return awayFromZero(rows.x()[rows.from() + at] * inverse) + 1;
  }
}
