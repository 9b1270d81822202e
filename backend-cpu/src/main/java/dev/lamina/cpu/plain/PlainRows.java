package dev.lamina.cpu.plain;

import dev.lamina.gguf.GgmlType;

/** Rows of the weight types that have a plain form, decoded to arrays. */
final class PlainRows {
  private final GgmlType type;
  private final int cols;
  private final byte[] raw;

  /** Decodes rows of {@code cols} values; one for each thread, as it keeps what it reads. */
  PlainRows(GgmlType type, int cols) {
    if (!has(type)) {
      throw new IllegalArgumentException("no plain form of " + type);
    }
    this.type = type;
    this.cols = cols;
    this.raw = new byte[Math.toIntExact(type.rowBytes(cols))];
  }

  /**
   * Whether there is a plain form: float types, and Q8_0. All of these keep the layout of the file.
   */
  static boolean has(GgmlType type) {
    return switch (type) {
      case F32, F16, BF16, Q8_0 -> true;
      default -> false;
    };
  }

  /** Decodes the row at an address, bit for bit as the SIMD formats do. */
  void decode(long address, float[] to) {
    Heap.bytes(address, raw, raw.length);
    switch (type) {
      case F32 -> f32(raw, to, cols);
      case F16 -> f16(raw, to, cols);
      case BF16 -> bf16(raw, to, cols);
      case Q8_0 -> q8(raw, to, cols);
      default -> throw new AssertionError(type);
    }
  }

  private static void f32(byte[] raw, float[] to, int n) {
    for (int i = 0; i < n; i++) {
      int bits =
          raw[4 * i] & 0xff
              | (raw[4 * i + 1] & 0xff) << 8
              | (raw[4 * i + 2] & 0xff) << 16
              | raw[4 * i + 3] << 24;
      to[i] = Float.intBitsToFloat(bits);
    }
  }

  private static void f16(byte[] raw, float[] to, int n) {
    for (int i = 0; i < n; i++) {
      to[i] = Float.float16ToFloat(word(raw, 2 * i));
    }
  }

  private static void bf16(byte[] raw, float[] to, int n) {
    for (int i = 0; i < n; i++) {
      to[i] = Float.intBitsToFloat(word(raw, 2 * i) << 16);
    }
  }

  /** Blocks of 32: float16 scale, 32 signed bytes. */
  private static void q8(byte[] raw, float[] to, int n) {
    for (int b = 0; b < n / 32; b++) {
      q8Block(raw, 34 * b, to, 32 * b);
    }
  }

  private static void q8Block(byte[] raw, int from, float[] to, int at) {
    float d = Float.float16ToFloat(word(raw, from));
    for (int i = 0; i < 32; i++) {
      to[at + i] = raw[from + 2 + i] * d;
    }
  }

  private static short word(byte[] raw, int at) {
    return (short) (raw[at] & 0xff | raw[at + 1] << 8);
  }
}
