package dev.lamina.quantize;

import dev.lamina.gguf.GgmlType;
import java.util.Objects;

/**
 * Encodes rows of float32 values in the blocks of a type, near to them by weighted least squares:
 * the searches of ggml's {@code ggml-quants.c}, in the same arithmetic, so that the blocks are the
 * same. {@link dev.lamina.gguf.Dequantizer} says what the blocks mean.
 *
 * <p>An instance holds the memory that its search needs: take one for each thread.
 */
public final class Quantizer {
  private final GgmlType type;
  private final Encoder encoder;

  /** The search of one type. */
  @FunctionalInterface
  interface Encoder {
    void encode(Rows rows);
  }

  private Quantizer(GgmlType type, Encoder encoder) {
    this.type = type;
    this.encoder = encoder;
  }

  /**
   * @throws IllegalArgumentException where {@code type} is no weight type
   */
  public static Quantizer of(GgmlType type) {
    return new Quantizer(
        type,
        switch (type) {
          case F32 -> FloatBlocks::f32;
          case F16 -> FloatBlocks::f16;
          case BF16 -> FloatBlocks::bf16;
          case Q8_0 -> LegacyBlocks::q80;
          case MXFP4 -> LegacyBlocks::mxfp4;
          case Q4_0 -> new SymmetricBlocks(4)::encode;
          case Q5_0 -> new SymmetricBlocks(5)::encode;
          case Q4_1 -> new AffineBlocks(4)::encode;
          case Q5_1 -> new AffineBlocks(5)::encode;
          case Q2_K -> new AffineSuperBlocks(AffineSuperBlocks.Layout.Q2_K)::encode;
          case Q4_K -> new AffineSuperBlocks(AffineSuperBlocks.Layout.Q4_K)::encode;
          case Q5_K -> new AffineSuperBlocks(AffineSuperBlocks.Layout.Q5_K)::encode;
          case Q3_K -> new Q3SuperBlocks()::encode;
          case Q6_K -> new Q6SuperBlocks()::encode;
          case TQ1_0 -> TernaryBlocks::tq1;
          case TQ2_0 -> TernaryBlocks::tq2;
          case IQ4_NL -> new LevelBlocks(false)::encode;
          case IQ4_XS -> new LevelBlocks(true)::encode;
          case IQ2_XXS -> new GridBlocks(GridBlocks.Kind.IQ2_XXS)::encode;
          case IQ2_XS -> new GridBlocks(GridBlocks.Kind.IQ2_XS)::encode;
          case IQ2_S -> new GridBlocks(GridBlocks.Kind.IQ2_S)::encode;
          case IQ3_XXS -> new GridBlocks(GridBlocks.Kind.IQ3_XXS)::encode;
          case IQ3_S -> new GridBlocks(GridBlocks.Kind.IQ3_S)::encode;
          case IQ1_S -> new ShiftedBlocks(false)::encode;
          case IQ1_M -> new ShiftedBlocks(true)::encode;
          case I8, I16, I32, I64, F64 ->
              throw new IllegalArgumentException(type + " is no type of weights");
        });
  }

  /**
   * Whether blocks of this type are worthless without an importance matrix ({@code
   * tensor_requires_imatrix} of llama.cpp).
   */
  public static boolean needsImportance(GgmlType type) {
    return switch (type) {
      case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS -> true;
      case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K -> false;
      case IQ3_S, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0, MXFP4, I8, I16, I32, I64, F64 -> false;
    };
  }

  /** Whether {@link #quantize} refuses to make this type without importances. */
  static boolean isImpossibleWithoutImportance(GgmlType type) {
    return type == GgmlType.IQ1_S || type == GgmlType.IQ2_XXS || type == GgmlType.IQ2_XS;
  }

  public GgmlType type() {
    return type;
  }

  /**
   * Encodes {@code rows} rows of {@code cols} values.
   *
   * @param cols a multiple of the type's block size
   * @param importance how much errors in each column count, {@code cols} numbers that are not
   *     negative, or null where nothing is known; F32, F16, BF16, Q8_0, TQ1_0, TQ2_0 and MXFP4 do
   *     not look at it
   * @param dst takes {@code rows * type().rowBytes(cols)} bytes from {@code to} on
   * @throws IndexOutOfBoundsException where source or target are too small; nothing is written then
   * @throws IllegalArgumentException where a type that needs importances has none
   */
  public void quantize(
      float[] src, int from, int rows, int cols, float[] importance, byte[] dst, int to) {
    long bytes = Math.multiplyExact(type.rowBytes(cols), (long) rows);
    Objects.checkFromIndexSize(from, Math.multiplyExact(rows, cols), src.length);
    Objects.checkFromIndexSize(to, Math.toIntExact(bytes), dst.length);
    if (importance == null && isImpossibleWithoutImportance(type)) {
      throw new IllegalArgumentException(type + " is not made without importances");
    }
    if (importance != null && importance.length != cols) {
      throw new IllegalArgumentException(
          importance.length + " importances are given for " + cols + " columns");
    }
    encoder.encode(new Rows(src, from, rows, cols, importance, dst, to));
  }
}
