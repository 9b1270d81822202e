package dev.lamina.gguf;

import static dev.lamina.gguf.Dequantizer.half;
import static dev.lamina.gguf.Dequantizer.u8;

import java.lang.foreign.MemorySegment;

/** Decoding of the ternary types: blocks of 256 values of -1, 0 or 1 times one float16 scale. */
final class TernaryRows {
  private static final int BLOCK = 256;

  private TernaryRows() {}

  /**
   * {@code u8 packed[48], u8 packed[4], f16 d}: five values in a byte of the first 48 (a run of 32
   * bytes, then one of 16), four in each of the last. Value n of a byte b is the integer part of 3
   * (b 3^n mod 256) / 256.
   */
  static void tq1(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i += BLOCK, from += 54) {
      float d = half(src, from + 52);
      run(src, from, 32, 5, dst, to + i, d);
      run(src, from + 32, 16, 5, dst, to + i + 160, d);
      run(src, from + 48, 4, 4, dst, to + i + 240, d);
    }
  }

  private static void run(
      MemorySegment src, long from, int bytes, int each, float[] dst, int to, float d) {
    int power = 1;
    for (int n = 0; n < each; n++, power *= 3) {
      for (int m = 0; m < bytes; m++) {
        int q = (u8(src, from + m) * power & 255) * 3 >> 8;
        dst[to + n * bytes + m] = (q - 1) * d;
      }
    }
  }

  /** {@code u2 q[256], f16 d}: (q - 1) d. 32 bytes hold 128 values, two bits for each run of 32. */
  static void tq2(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i += BLOCK, from += 66) {
      float d = half(src, from + 64);
      for (int run = 0; run < 8; run++) {
        long q = from + (run >> 2) * 32;
        for (int m = 0; m < 32; m++) {
          dst[to + i + run * 32 + m] = ((u8(src, q + m) >> (run & 3) * 2 & 3) - 1) * d;
        }
      }
    }
  }
}
