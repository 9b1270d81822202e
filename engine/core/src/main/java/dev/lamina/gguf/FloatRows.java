package dev.lamina.gguf;

import java.lang.foreign.MemorySegment;

/** Decoding of F32, F16 and BF16. */
final class FloatRows {
  private FloatRows() {}

  static void f32(MemorySegment src, long from, float[] dst, int to, int count) {
    MemorySegment.copy(src, Cursor.FLOAT, from, dst, to, count);
  }

  static void f16(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i++) {
      dst[to + i] = Dequantizer.half(src, from + 2L * i);
    }
  }

  /** The upper half of a float32. */
  static void bf16(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i++) {
      dst[to + i] = Float.intBitsToFloat(src.get(Cursor.SHORT, from + 2L * i) << 16);
    }
  }
}
