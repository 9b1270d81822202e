package dev.lamina.cpu.panel;

/**
 * How activations are rounded for a type of weights. 32 values make a record: 32 signed bytes, a
 * float32 scale {@code d}, then for each part of {@code part} values one word: what the offset of
 * unsigned weights takes away, {@code -offset * sum}, as an integer; or with offset 0 {@code d *
 * sum} as a float for minimums.
 *
 * @param part 32 or 16; 0 where nothing is rounded
 * @param offset what unsigned weights are too large by; 0: sums for minimums
 * @param split whether values are split to bfloat16 numbers
 */
public record InputFormat(int part, int offset, boolean split) {
  /** Activations as they are, for products in float32: a record is 32 floats. */
  public static final InputFormat FLOATS = new InputFormat(0, 0, false);

  /**
   * Each value as a sum of three bfloat16 numbers, the largest first, which have room for all bits
   * of a float32: a record is the first numbers of 32 values, then their second and third ones.
   */
  public static final InputFormat SPLIT = new InputFormat(0, 0, true);

  /** Numbers of a split value. */
  static final int SPLITS = 3;

  /** Values of a record. */
  public static final int VALUES = 32;

  /** Where the scale lies in a record. */
  static final int SCALE = 32;

  /** Where the words for the parts begin. */
  static final int SUMS = 36;

  /** Activations rounded to bytes. */
  InputFormat(int part, int offset) {
    this(part, offset, false);
  }

  /** Whether values are rounded to bytes at all. */
  public boolean rounded() {
    return part != 0;
  }

  /** Bytes of a record. */
  public int recordBytes() {
    if (rounded()) {
      return SUMS + 4 * (VALUES / part);
    }
    return split ? 2 * SPLITS * VALUES : 4 * VALUES;
  }

  /** Bytes of a row of {@code cols} values. */
  public long rowBytes(int cols) {
    return (long) cols / VALUES * recordBytes();
  }
}
