package dev.lamina.cpu.panel;

import java.util.List;
import java.util.function.IntFunction;

/**
 * How the scales (and minimums) of a block's parts are had: offsets in the panel's block of what 16
 * rows have side by side, as float16 ({@code d}, {@code min}), or as lines of the file's bytes
 * ({@code words}).
 */
sealed interface Scales {
  /**
   * {@code d * factor * (2 s + 1)}, the fields of {@code s} for each part: the types with grids.
   */
  record Odd(int d, float factor, IntFunction<List<Field>> fields) implements Scales {}

  /** One scale for the block, and one minimum where {@code min} is not negative. */
  record Halves(int d, int min) implements Scales {}

  /** One exponent for the block, the bytes of E8M0 for twice the values. */
  record Exponents(int at) implements Scales {}

  /** 8 scales and 8 minimums of 6 bits in 12 bytes: Q4_K and Q5_K. */
  record SixBits(int d, int min, int words) implements Scales {}

  /** 16 scales of 6 bits, less 32, in 12 bytes: Q3_K. */
  record SignedSixBits(int d, int words) implements Scales {}

  /** 16 scales in the low halves of bytes, 16 minimums in the high ones: Q2_K. */
  record Nibbles(int d, int min, int words) implements Scales {}

  /** 16 signed bytes: Q6_K. */
  record SignedBytes(int d, int words) implements Scales {}

  /** 8 scales of 6 bits, less 32: the low 4 of them in a line, the high 2 in words: IQ4_XS. */
  record SplitSixBits(int d, int low, int high) implements Scales {}
}
