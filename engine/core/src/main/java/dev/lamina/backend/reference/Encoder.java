package dev.lamina.backend.reference;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.lamina.gguf.GgmlType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Encoding of the types that pages have. */
final class Encoder {
  private static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfShort F16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final int QK = 32;

  private Encoder() {}

  /**
   * Encodes {@code n} values from {@code from} on at {@code offset}, as ggml's {@code
   * quantize_row_q8_0_ref} and its like do.
   */
  static void encode(
      GgmlType type, float[] values, int from, int n, MemorySegment data, long offset) {
    switch (type) {
      case F32 -> {
        for (int i = 0; i < n; i++) {
          data.set(F32, offset + 4L * i, values[from + i]);
        }
      }
      case F16 -> {
        for (int i = 0; i < n; i++) {
          data.set(F16, offset + 2L * i, Float.floatToFloat16(values[from + i]));
        }
      }
      case BF16 -> {
        for (int i = 0; i < n; i++) {
          data.set(F16, offset + 2L * i, toBf16(values[from + i]));
        }
      }
      case Q8_0 -> {
        for (int i = 0; i < n; i += QK) {
          encodeQ8(values, from + i, data, offset + 34L * (i / QK));
        }
      }
      case Q4_0 -> {
        for (int i = 0; i < n; i += QK) {
          encodeQ4(values, from + i, data, offset + 18L * (i / QK));
        }
      }
      default -> throw new IllegalArgumentException("no pages of " + type);
    }
  }

  /** Rounds to the nearest bfloat16, ties to even; a NaN stays one. */
  private static short toBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >> 16 | 64);
    }
    return (short) (bits + (0x7fff + (bits >> 16 & 1)) >> 16);
  }

  private static void encodeQ8(float[] values, int from, MemorySegment data, long block) {
    float greatest = 0;
    for (int i = 0; i < QK; i++) {
      greatest = Math.max(greatest, Math.abs(values[from + i]));
    }
    float d = greatest / 127;
    float inverse = d == 0 ? 0 : 1 / d;
    data.set(F16, block, Float.floatToFloat16(d));
    for (int i = 0; i < QK; i++) {
      data.set(JAVA_BYTE, block + 2 + i, (byte) roundAway(values[from + i] * inverse));
    }
  }

  /** C's {@code roundf}: halves go away from zero. */
  private static int roundAway(float value) {
    int whole = (int) value;
    float rest = value - whole;
    return rest >= 0.5f ? whole + 1 : rest <= -0.5f ? whole - 1 : whole;
  }

  private static void encodeQ4(float[] values, int from, MemorySegment data, long block) {
    float extreme = 0;
    for (int i = 0; i < QK; i++) {
      if (Math.abs(values[from + i]) > Math.abs(extreme)) {
        extreme = values[from + i];
      }
    }
    float d = extreme / -8;
    float inverse = d == 0 ? 0 : 1 / d;
    data.set(F16, block, Float.floatToFloat16(d));
    for (int i = 0; i < QK / 2; i++) {
      int low = Math.min(15, (int) (values[from + i] * inverse + 8.5f));
      int high = Math.min(15, (int) (values[from + i + QK / 2] * inverse + 8.5f));
      data.set(JAVA_BYTE, block + 2 + i, (byte) (low | high << 4));
    }
  }
}
