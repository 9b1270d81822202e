package dev.lamina.cpu.kernel;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;

/**
 * Encodes rows of floats to the types that pages have, as ggml's {@code quantize_row_q8_0_ref} and
 * its like do.
 */
final class RowCodec {
  private RowCodec() {}

  /** Encodes {@code n} values, whole blocks. */
  static void encode(GgmlType type, long x, int n, long to) {
    switch (type) {
      case F32 -> Simd.copy(x, to, 4L * n);
      case F16 -> {
        for (int i = 0; i < n; i++) {
          Simd.ALL.set(Simd.SHORT, to + 2L * i, Float.floatToFloat16(Simd.loadFloat(x + 4L * i)));
        }
      }
      case BF16 -> bf16(x, n, to);
      case Q8_0 -> {
        for (int b = 0; b < n / 32; b++) {
          q8(x + 128L * b, to + 34L * b);
        }
      }
      case Q4_0 -> {
        for (int b = 0; b < n / 32; b++) {
          q4(x + 128L * b, to + 18L * b);
        }
      }
      default -> throw new IllegalArgumentException("no pages of " + type);
    }
  }

  /** Rounds to the nearest, ties to even; a NaN stays one. */
  private static void bf16(long x, int n, long to) {
    for (int i = 0; i < n; i++) {
      float value = Simd.loadFloat(x + 4L * i);
      int bits = Float.floatToRawIntBits(value);
      short rounded =
          Float.isNaN(value)
              ? (short) (bits >> 16 | 64)
              : (short) (bits + (0x7fff + (bits >> 16 & 1)) >> 16);
      Simd.ALL.set(Simd.SHORT, to + 2L * i, rounded);
    }
  }

  private static void q8(long x, long block) {
    float greatest = 0;
    for (int i = 0; i < 32; i++) {
      greatest = Math.max(greatest, Math.abs(Simd.loadFloat(x + 4L * i)));
    }
    float d = greatest / 127;
    float inverse = d == 0 ? 0 : 1 / d;
    Simd.ALL.set(Simd.SHORT, block, Float.floatToFloat16(d));
    for (int i = 0; i < 32; i++) {
      Simd.ALL.set(
          Simd.BYTE, block + 2 + i, (byte) roundAway(Simd.loadFloat(x + 4L * i) * inverse));
    }
  }

  /** C's {@code roundf}: halves go away from zero. */
  private static int roundAway(float value) {
    int whole = (int) value;
    float rest = value - whole;
    return rest >= 0.5f ? whole + 1 : rest <= -0.5f ? whole - 1 : whole;
  }

  private static void q4(long x, long block) {
    float extreme = 0;
    for (int i = 0; i < 32; i++) {
      float v = Simd.loadFloat(x + 4L * i);
      if (Math.abs(v) > Math.abs(extreme)) {
        extreme = v;
      }
    }
    float d = extreme / -8;
    float inverse = d == 0 ? 0 : 1 / d;
    Simd.ALL.set(Simd.SHORT, block, Float.floatToFloat16(d));
    for (int i = 0; i < 16; i++) {
      int low = Math.min(15, (int) (Simd.loadFloat(x + 4L * i) * inverse + 8.5f));
      int high = Math.min(15, (int) (Simd.loadFloat(x + 4L * i + 64) * inverse + 8.5f));
      Simd.ALL.set(Simd.BYTE, block + 2 + i, (byte) (low | high << 4));
    }
  }
}
