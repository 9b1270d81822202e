package dev.lamina.gguf;

import static dev.lamina.gguf.Dequantizer.half;
import static dev.lamina.gguf.Dequantizer.u8;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Decoding of the K-quants: blocks of 256 values with one or two float16 scales, whose groups of 16
 * or 32 values have a small integer scale (and minimum) each.
 */
final class KRows {
  private static final int BLOCK = 256;

  private KRows() {}

  /**
   * {@code u4 scale, u4 min [16], u2 q[256], f16 d, f16 dmin}: d scale q - dmin min. A half of 128
   * values shares 32 bytes of quants, two bits for each of its four runs of 32.
   */
  static void q2(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i += BLOCK, from += 84) {
      float d = half(src, from + 80);
      float dmin = half(src, from + 82);
      for (int group = 0; group < 16; group++) {
        int scale = u8(src, from + group);
        float dl = d * (scale & 15);
        float ml = dmin * (scale >> 4);
        int shift = (group >> 1 & 3) * 2;
        long q = from + 16 + (group >> 3) * 32 + (group & 1) * 16;
        for (int l = 0; l < 16; l++) {
          dst[to + i + group * 16 + l] = dl * (u8(src, q + l) >> shift & 3) - ml;
        }
      }
    }
  }

  /**
   * {@code u1 high[256], u2 low[256], u6 scale[16] packed, f16 d}: d (scale - 32) (q - 4). The low
   * bits lie as in Q2_K; byte l of the high ones has bit r for value l of run r of 32.
   */
  static void q3(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i += BLOCK, from += 110) {
      float d = half(src, from + 108);
      for (int group = 0; group < 16; group++) {
        float dl = d * (q3Scale(src, from + 96, group) - 32);
        int run = group >> 1;
        int shift = (run & 3) * 2;
        int at = (group & 1) * 16;
        long low = from + 32 + (group >> 3) * 32 + at;
        for (int l = 0; l < 16; l++) {
          int high = u8(src, from + at + l) >> run & 1;
          dst[to + i + group * 16 + l] = dl * ((u8(src, low + l) >> shift & 3) - 4 + 4 * high);
        }
      }
    }
  }

  /** 6-bit scale: four low bits in 8 bytes, the next two in 4 bytes after them. */
  private static int q3Scale(MemorySegment src, long at, int group) {
    int low = u8(src, at + (group & 7)) >> (group >> 3) * 4 & 15;
    int high = u8(src, at + 8 + (group & 3)) >> (group >> 2) * 2 & 3;
    return low | high << 4;
  }

  /**
   * {@code f16 d, f16 dmin, u6 scale and min [8] packed, u4 q[256]}: d scale q - dmin min. 32 bytes
   * of quants hold 64 values, the first 32 in the low halves.
   */
  static void q4(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i += BLOCK, from += 144) {
      float d = half(src, from);
      float dmin = half(src, from + 2);
      for (int group = 0; group < 8; group++) {
        float dl = d * scale(src, from + 4, group);
        float ml = dmin * min(src, from + 4, group);
        int shift = (group & 1) * 4;
        long q = from + 16 + (group >> 1) * 32;
        for (int l = 0; l < 32; l++) {
          dst[to + i + group * 32 + l] = dl * (u8(src, q + l) >> shift & 15) - ml;
        }
      }
    }
  }

  /**
   * As Q4_K, with {@code u1 high[256]} before the quants: byte l has bit g for value l of group g.
   */
  static void q5(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i += BLOCK, from += 176) {
      float d = half(src, from);
      float dmin = half(src, from + 2);
      for (int group = 0; group < 8; group++) {
        float dl = d * scale(src, from + 4, group);
        float ml = dmin * min(src, from + 4, group);
        int shift = (group & 1) * 4;
        long low = from + 48 + (group >> 1) * 32;
        for (int l = 0; l < 32; l++) {
          int high = u8(src, from + 16 + l) >> group & 1;
          dst[to + i + group * 32 + l] = dl * ((u8(src, low + l) >> shift & 15) + (high << 4)) - ml;
        }
      }
    }
  }

  /** 6-bit scale of Q4_K and Q5_K, in the packing of {@code get_scale_min_k4}. */
  private static int scale(MemorySegment src, long at, int group) {
    return group < 4
        ? u8(src, at + group) & 63
        : u8(src, at + group + 4) & 15 | u8(src, at + group - 4) >> 6 << 4;
  }

  private static int min(MemorySegment src, long at, int group) {
    return group < 4
        ? u8(src, at + group + 4) & 63
        : u8(src, at + group + 4) >> 4 | u8(src, at + group) >> 6 << 4;
  }

  /**
   * {@code u4 low[256], u2 high[256], i8 scale[16], f16 d}: d scale (q - 32). A half of 128 values
   * has 64 bytes of low bits (two runs of 32 in the low halves, then two in the high ones) and 32
   * bytes of high bits, two for each run.
   */
  static void q6(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i += BLOCK, from += 210) {
      float d = half(src, from + 208);
      for (int group = 0; group < 16; group++) {
        float dl = d * src.get(ValueLayout.JAVA_BYTE, from + 192 + group);
        int run = group >> 1 & 3;
        int at = (group & 1) * 16;
        long low = from + (group >> 3) * 64 + (run & 1) * 32 + at;
        long high = from + 128 + (group >> 3) * 32 + at;
        for (int l = 0; l < 16; l++) {
          int q = u8(src, low + l) >> (run >> 1) * 4 & 15 | (u8(src, high + l) >> run * 2 & 3) << 4;
          dst[to + i + group * 16 + l] = dl * (q - 32);
        }
      }
    }
  }
}
