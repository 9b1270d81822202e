package dev.lamina.shaders;

import dev.lamina.gguf.GgmlType;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How cards read a type of weights as 8-bit integers: {@code c/integer} has the routines.
 *
 * <p>Most blocks have a float16 scale beside data whose size is a multiple of 4, so that nothing in
 * them is aligned. In the layout of cards such a row is its blocks without these heads, then the
 * heads, then what rounds it up to {@link #ROW_ALIGNMENT} bytes.
 *
 * @param unitPieces pieces of 16 values that an item takes at a time
 * @param unitStride how far apart these are, in pieces
 * @param part values with one scale: 16 or 32
 * @param minimums whether there is an addend beside the scale
 * @param headAt where the head lies in a block of the file
 * @param headBytes its size; 0: blocks stay as they are
 */
public record IntegerFormat(
    int unitPieces, int unitStride, int part, boolean minimums, int headAt, int headBytes) {
  /** Rows with their heads apart begin at multiples of this. */
  public static final int ROW_ALIGNMENT = 16;

  /** The types whose layout on cards differs from the file's. */
  public static Set<GgmlType> typesApart() {
    return Arrays.stream(GgmlType.values())
        .filter(type -> of(type) != null && of(type).apart())
        .collect(Collectors.toUnmodifiableSet());
  }

  /** The format of a type; null for types that are not made of integers. */
  public static IntegerFormat of(GgmlType type) {
    return switch (type) {
      case Q4_0, Q5_0, IQ4_NL, IQ2_XXS, IQ3_XXS, IQ3_S, IQ1_S -> run(false, 0, 2);
      case Q4_1, Q5_1 -> run(true, 0, 4);
      case MXFP4 -> run(false, 0, 1);
      case IQ4_XS -> run(false, 0, 0);
      case IQ2_XS, IQ2_S -> new IntegerFormat(2, 1, 16, false, 0, 2);
      case IQ1_M -> new IntegerFormat(2, 1, 16, false, 0, 0);
      case Q8_0 -> new IntegerFormat(1, 1, 32, false, 0, 2);
      case Q2_K -> new IntegerFormat(4, 2, 16, true, 0, 0);
      case Q3_K -> new IntegerFormat(4, 2, 16, false, 108, 2);
      case Q4_K, Q5_K -> new IntegerFormat(2, 2, 32, true, 0, 0);
      case Q6_K -> new IntegerFormat(2, 4, 16, false, 208, 2);
      case TQ1_0 -> new IntegerFormat(1, 1, 32, false, 52, 2);
      case TQ2_0 -> new IntegerFormat(4, 2, 32, false, 64, 2);
      case F32, F16, BF16, I8, I16, I32, I64, F64 -> null;
    };
  }

  /** Units that are runs of 32 values with one scale. */
  private static IntegerFormat run(boolean minimums, int headAt, int headBytes) {
    return new IntegerFormat(2, 1, 32, minimums, headAt, headBytes);
  }

  /** Whether the pieces of a unit lie side by side and share their scale. */
  boolean joined() {
    return unitPieces == 2 && unitStride == 1 && part == 32;
  }

  /** Whether the layout on cards differs from the file's. */
  public boolean apart() {
    return headBytes > 0;
  }

  /** Bytes of a row on a card. */
  public long rowBytes(GgmlType type, int cols) {
    long bytes = type.rowBytes(cols);
    return apart() ? Math.ceilDiv(bytes, ROW_ALIGNMENT) * ROW_ALIGNMENT : bytes;
  }

  /** Bytes of a row of activations that are rounded for such weights. */
  public static long roundedBytes(int cols) {
    return cols + cols / 2L;
  }
}
