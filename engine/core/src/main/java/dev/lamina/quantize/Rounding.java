package dev.lamina.quantize;

/** The roundings that quantized formats are defined with. */
final class Rounding {
  /**
   * Added to a float of at most 2^22 in magnitude, it leaves no bits for a fraction: adding and
   * taking it away again rounds to the nearest integer, halves to the even one.
   */
  static final float MAGIC = 0x1.8p23f;

  /** Groups whose largest magnitude is below this are taken for zeros. */
  static final float TINY = 1e-15f;

  private Rounding() {}

  /** The nearest integer, halves to the even one. */
  static int nearest(float v) {
    return (int) (v + MAGIC - MAGIC);
  }

  static int nearest(float v, int least, int most) {
    return Math.min(Math.max(nearest(v), least), most);
  }

  /**
   * The integer that is nearest, halves away from zero (C's {@code roundf}). What is added is the
   * number before 1/2: with 1/2 itself the number before 1/2 would be rounded up.
   */
  static int awayFromZero(float v) {
    return (int) (v + Math.copySign(0x1.fffffep-2f, v));
  }

  /** The value that is left of {@code v} in a float16. */
  static float half(float v) {
    return Float.float16ToFloat(Float.floatToFloat16(v));
  }

  /** Writes a float16. */
  static void putHalf(byte[] dst, int at, float v) {
    putShort(dst, at, Float.floatToFloat16(v));
  }

  static void putShort(byte[] dst, int at, int v) {
    dst[at] = (byte) v;
    dst[at + 1] = (byte) (v >> 8);
  }

  static void putInt(byte[] dst, int at, int v) {
    putShort(dst, at, v);
    putShort(dst, at + 2, v >> 16);
  }
}
