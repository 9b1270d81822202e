package dev.lamina.model;

import dev.lamina.gguf.GgmlType;
import java.util.Locale;
import java.util.Optional;

/**
 * What {@code llama-quantize} calls a file as a whole: a base type for most tensors, and rules by
 * which some get more bits or fewer ({@link QuantMix}). Ids are those of {@code general.file_type}
 * ({@code enum llama_ftype}).
 */
public enum FileType {
  F32(0, GgmlType.F32),
  F16(1, GgmlType.F16),
  BF16(32, GgmlType.BF16),
  Q4_0(2, GgmlType.Q4_0),
  Q4_1(3, GgmlType.Q4_1),
  Q5_0(8, GgmlType.Q5_0),
  Q5_1(9, GgmlType.Q5_1),
  Q8_0(7, GgmlType.Q8_0),
  Q2_K(10, GgmlType.Q2_K),
  Q2_K_S(21, GgmlType.Q2_K),
  Q3_K_S(11, GgmlType.Q3_K),
  Q3_K_M(12, GgmlType.Q3_K),
  Q3_K_L(13, GgmlType.Q3_K),
  Q4_K_S(14, GgmlType.Q4_K),
  Q4_K_M(15, GgmlType.Q4_K),
  Q5_K_S(16, GgmlType.Q5_K),
  Q5_K_M(17, GgmlType.Q5_K),
  Q6_K(18, GgmlType.Q6_K),
  IQ1_S(24, GgmlType.IQ1_S),
  IQ1_M(31, GgmlType.IQ1_M),
  IQ2_XXS(19, GgmlType.IQ2_XXS),
  IQ2_XS(20, GgmlType.IQ2_XS),
  IQ2_S(28, GgmlType.IQ2_XS),
  IQ2_M(29, GgmlType.IQ2_S),
  IQ3_XXS(23, GgmlType.IQ3_XXS),
  IQ3_XS(22, GgmlType.IQ3_S),
  IQ3_S(26, GgmlType.IQ3_S),
  IQ3_M(27, GgmlType.IQ3_S),
  IQ4_NL(25, GgmlType.IQ4_NL),
  IQ4_XS(30, GgmlType.IQ4_XS),
  TQ1_0(36, GgmlType.TQ1_0),
  TQ2_0(37, GgmlType.TQ2_0),
  MXFP4_MOE(38, GgmlType.MXFP4);

  private final int id;
  private final GgmlType base;

  FileType(int id, GgmlType base) {
    this.id = id;
    this.base = base;
  }

  /** The value of {@code general.file_type}. */
  public int id() {
    return id;
  }

  /** The type of most matrices. */
  public GgmlType base() {
    return base;
  }

  /** The file type with this id. */
  public static Optional<FileType> byId(int id) {
    for (FileType type : values()) {
      if (type.id == id) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  /** The file type of this name, in upper or lower case. */
  public static Optional<FileType> byName(String name) {
    for (FileType type : values()) {
      if (type.name().equals(name.toUpperCase(Locale.ROOT))) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }
}
