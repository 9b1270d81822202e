package dev.lamina.gguf;

import java.util.Optional;

/**
 * The types of tensor data that Lamina reads, with their layout: a row is a sequence of blocks of
 * {@link #blockSize()} values in {@link #blockBytes()} bytes. Ids and layouts are ggml's ({@code
 * enum ggml_type}, {@code ggml-common.h}).
 */
public enum GgmlType {
  F32(0, 1, 4, Family.FLOAT),
  F16(1, 1, 2, Family.FLOAT),
  BF16(30, 1, 2, Family.FLOAT),
  Q4_0(2, 32, 18, Family.LEGACY),
  Q4_1(3, 32, 20, Family.LEGACY),
  Q5_0(6, 32, 22, Family.LEGACY),
  Q5_1(7, 32, 24, Family.LEGACY),
  Q8_0(8, 32, 34, Family.LEGACY),
  Q2_K(10, 256, 84, Family.K_QUANT),
  Q3_K(11, 256, 110, Family.K_QUANT),
  Q4_K(12, 256, 144, Family.K_QUANT),
  Q5_K(13, 256, 176, Family.K_QUANT),
  Q6_K(14, 256, 210, Family.K_QUANT),
  IQ1_S(19, 256, 50, Family.I_QUANT),
  IQ1_M(29, 256, 56, Family.I_QUANT),
  IQ2_XXS(16, 256, 66, Family.I_QUANT),
  IQ2_XS(17, 256, 74, Family.I_QUANT),
  IQ2_S(22, 256, 82, Family.I_QUANT),
  IQ3_XXS(18, 256, 98, Family.I_QUANT),
  IQ3_S(21, 256, 110, Family.I_QUANT),
  IQ4_NL(20, 32, 18, Family.I_QUANT),
  IQ4_XS(23, 256, 136, Family.I_QUANT),
  TQ1_0(34, 256, 54, Family.TERNARY),
  TQ2_0(35, 256, 66, Family.TERNARY),
  MXFP4(39, 32, 17, Family.MICROSCALING),
  I8(24, 1, 1, Family.INTEGER),
  I16(25, 1, 2, Family.INTEGER),
  I32(26, 1, 4, Family.INTEGER),
  I64(27, 1, 8, Family.INTEGER),
  F64(28, 1, 8, Family.INTEGER);

  /**
   * The families under which the feature matrix lists the types. {@code INTEGER} holds the types
   * that no weight has.
   */
  public enum Family {
    FLOAT,
    LEGACY,
    K_QUANT,
    I_QUANT,
    TERNARY,
    MICROSCALING,
    INTEGER
  }

  private static final GgmlType[] BY_ID = new GgmlType[40];

  static {
    for (GgmlType type : values()) {
      BY_ID[type.id] = type;
    }
  }

  private final int id;
  private final int blockSize;
  private final int blockBytes;
  private final Family family;

  GgmlType(int id, int blockSize, int blockBytes, Family family) {
    this.id = id;
    this.blockSize = blockSize;
    this.blockBytes = blockBytes;
    this.family = family;
  }

  /** The number that stands for this type in a file. */
  public int id() {
    return id;
  }

  /** Values in a block. */
  public int blockSize() {
    return blockSize;
  }

  /** Bytes of a block. */
  public int blockBytes() {
    return blockBytes;
  }

  public Family family() {
    return family;
  }

  /**
   * Whether this is one of the I-quants, which the rules keep off Vulkan (IQ1_S to IQ4_XS, IQ4_NL
   * included).
   */
  public boolean isIQuant() {
    return family == Family.I_QUANT;
  }

  /** Whether weights can have this type: every type but the integers and F64. */
  public boolean isWeightType() {
    return family != Family.INTEGER;
  }

  /**
   * Bytes of a row of {@code values} values; {@code values} must be a multiple of {@link
   * #blockSize()}.
   */
  public long rowBytes(long values) {
    if (values % blockSize != 0) {
      throw new IllegalArgumentException(
          values + " values are no whole number of " + name() + " blocks of " + blockSize);
    }
    return Math.multiplyExact(values / blockSize, (long) blockBytes);
  }

  /** The type with this id, or empty where ggml has removed it or Lamina does not know it. */
  public static Optional<GgmlType> byId(int id) {
    return id < 0 || id >= BY_ID.length ? Optional.empty() : Optional.ofNullable(BY_ID[id]);
  }
}
