package dev.lamina.shaders;

/** What activations are rounded to for products: {@link Region.Rounded} has such rows. */
enum Rounding {
  /** 8-bit integers: {@code cards/rounding}. */
  INTEGERS,
  /** float16 numbers by a scale: {@code cards/narrow}. */
  F16,
  /** Sums of two bfloat16 numbers: {@code cards/narrow}. */
  BF16;

  /** Values of a row in {@code cards/narrow} are a multiple of this. */
  static final int NARROW_STEP = 8;

  /** Bytes of a row of values. */
  long rowBytes(int cols) {
    return switch (this) {
      case INTEGERS -> IntegerFormat.roundedBytes(cols);
      case F16 -> 2L * cols + 16;
      case BF16 -> 4L * cols;
    };
  }
}
