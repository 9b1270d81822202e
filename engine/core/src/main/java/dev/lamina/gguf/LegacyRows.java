package dev.lamina.gguf;

import static dev.lamina.gguf.Dequantizer.half;
import static dev.lamina.gguf.Dequantizer.u8;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Decoding of the types with blocks of 32: a scale (and a minimum), then the quants. In a byte of
 * two quants the low half is value j, the high half value j + 16.
 */
final class LegacyRows {
  private static final int BLOCK = 32;

  private LegacyRows() {}

  /** {@code f16 d, u4 q[32]}: (q - 8) d. */
  static void q40(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i += BLOCK, from += 18) {
      float d = half(src, from);
      for (int j = 0; j < 16; j++) {
        int q = u8(src, from + 2 + j);
        dst[to + i + j] = ((q & 15) - 8) * d;
        dst[to + i + j + 16] = ((q >> 4) - 8) * d;
      }
    }
  }

  /** {@code f16 d, f16 m, u4 q[32]}: q d + m. */
  static void q41(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i += BLOCK, from += 20) {
      float d = half(src, from);
      float m = half(src, from + 2);
      for (int j = 0; j < 16; j++) {
        int q = u8(src, from + 4 + j);
        dst[to + i + j] = (q & 15) * d + m;
        dst[to + i + j + 16] = (q >> 4) * d + m;
      }
    }
  }

  /** {@code f16 d, u32 fifth bits, u4 q[32]}: (q - 16) d. */
  static void q50(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i += BLOCK, from += 22) {
      float d = half(src, from);
      int high = src.get(Cursor.INT, from + 2);
      for (int j = 0; j < 16; j++) {
        int q = u8(src, from + 6 + j);
        dst[to + i + j] = ((q & 15 | (high >>> j & 1) << 4) - 16) * d;
        dst[to + i + j + 16] = ((q >> 4 | (high >>> j + 16 & 1) << 4) - 16) * d;
      }
    }
  }

  /** {@code f16 d, f16 m, u32 fifth bits, u4 q[32]}: q d + m. */
  static void q51(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i += BLOCK, from += 24) {
      float d = half(src, from);
      float m = half(src, from + 2);
      int high = src.get(Cursor.INT, from + 4);
      for (int j = 0; j < 16; j++) {
        int q = u8(src, from + 8 + j);
        dst[to + i + j] = (q & 15 | (high >>> j & 1) << 4) * d + m;
        dst[to + i + j + 16] = (q >> 4 | (high >>> j + 16 & 1) << 4) * d + m;
      }
    }
  }

  /** {@code f16 d, i8 q[32]}: q d. */
  static void q80(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i += BLOCK, from += 34) {
      float d = half(src, from);
      for (int j = 0; j < BLOCK; j++) {
        dst[to + i + j] = src.get(ValueLayout.JAVA_BYTE, from + 2 + j) * d;
      }
    }
  }

  /** {@code u8 exponent, u4 q[32]}: the E2M1 number q times a power of two. */
  static void mxfp4(MemorySegment src, long from, float[] dst, int to, int count) {
    byte[] levels = QuantTables.MXFP4;
    for (int i = 0; i < count; i += BLOCK, from += 17) {
      float d = QuantTables.mxfp4Scale(u8(src, from));
      for (int j = 0; j < 16; j++) {
        int q = u8(src, from + 1 + j);
        dst[to + i + j] = levels[q & 15] * d;
        dst[to + i + j + 16] = levels[q >> 4] * d;
      }
    }
  }
}
