package dev.lamina.choose;

import dev.lamina.gguf.GgmlType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The file types by the names that model cards and file names give them, the best first. The order
 * is that of the cards: mostly by bits, an I-quant beside the K-quant that the cards compare it
 * with, a legacy type behind the K-quant of about its size. {@code _L} and {@code _XL} are the mix
 * before them with embeddings and output in Q8_0.
 */
public enum Quant {
  F32(Family.FLOAT, 32, GgmlType.F32),
  BF16(Family.FLOAT, 16, GgmlType.BF16),
  F16(Family.FLOAT, 16, GgmlType.F16),
  Q8_0(Family.PLAIN, 8, GgmlType.Q8_0),
  Q6_K_L(Family.K, 6, GgmlType.Q6_K),
  Q6_K(Family.K, 6, GgmlType.Q6_K),
  Q5_K_L(Family.K, 5, GgmlType.Q5_K),
  Q5_K_M(Family.K, 5, GgmlType.Q5_K),
  Q5_K_S(Family.K, 5, GgmlType.Q5_K),
  Q5_1(Family.LEGACY, 5, GgmlType.Q5_1),
  Q5_0(Family.LEGACY, 5, GgmlType.Q5_0),
  Q4_K_L(Family.K, 4, GgmlType.Q4_K),
  Q4_K_M(Family.K, 4, GgmlType.Q4_K),
  Q4_K_S(Family.K, 4, GgmlType.Q4_K),
  IQ4_NL(Family.I, 4, GgmlType.IQ4_NL),
  IQ4_XS(Family.I, 4, GgmlType.IQ4_XS),
  Q4_1(Family.LEGACY, 4, GgmlType.Q4_1),
  Q4_0(Family.LEGACY, 4, GgmlType.Q4_0),
  MXFP4_MOE(Family.OTHER, 4, GgmlType.MXFP4),
  Q3_K_XL(Family.K, 3, GgmlType.Q3_K),
  Q3_K_L(Family.K, 3, GgmlType.Q3_K),
  Q3_K_M(Family.K, 3, GgmlType.Q3_K),
  IQ3_M(Family.I, 3, GgmlType.IQ3_S),
  IQ3_S(Family.I, 3, GgmlType.IQ3_S),
  IQ3_XS(Family.I, 3, GgmlType.IQ3_S),
  Q3_K_S(Family.K, 3, GgmlType.Q3_K),
  IQ3_XXS(Family.I, 3, GgmlType.IQ3_XXS),
  Q2_K_L(Family.K, 2, GgmlType.Q2_K),
  Q2_K(Family.K, 2, GgmlType.Q2_K),
  IQ2_M(Family.I, 2, GgmlType.IQ2_S),
  Q2_K_S(Family.K, 2, GgmlType.Q2_K),
  IQ2_S(Family.I, 2, GgmlType.IQ2_XS),
  IQ2_XS(Family.I, 2, GgmlType.IQ2_XS),
  IQ2_XXS(Family.I, 2, GgmlType.IQ2_XXS),
  TQ2_0(Family.OTHER, 2, GgmlType.TQ2_0),
  TQ1_0(Family.OTHER, 1, GgmlType.TQ1_0),
  IQ1_M(Family.I, 1, GgmlType.IQ1_M),
  IQ1_S(Family.I, 1, GgmlType.IQ1_S);

  /** What the cards' advice tells apart. */
  public enum Family {
    /** Not quantized. */
    FLOAT,
    /** Q8_0. */
    PLAIN,
    /** {@code QX_K_X}. */
    K,
    /** {@code IQX_X}. */
    I,
    /** {@code QX_0} and {@code QX_1} from before the K-quants. */
    LEGACY,
    /** Types for models that were trained in them. */
    OTHER
  }

  /** Other spellings in use. */
  private static final Map<String, Quant> BY_NAME = new HashMap<>();

  static {
    for (Quant quant : values()) {
      BY_NAME.put(quant.name(), quant);
    }
    BY_NAME.put("FP32", F32);
    BY_NAME.put("FP16", F16);
    BY_NAME.put("MXFP4", MXFP4_MOE);
  }

  private final Family family;
  private final int bits;
  private final GgmlType base;

  Quant(Family family, int bits, GgmlType base) {
    this.family = family;
    this.bits = bits;
    this.base = base;
  }

  public Family family() {
    return family;
  }

  /** The number in the name: the class of quality. */
  public int bits() {
    return bits;
  }

  /** The type of most matrices. */
  public GgmlType base() {
    return base;
  }

  /** Whether the cards put this one before {@code other}. */
  public boolean isBetterThan(Quant other) {
    return ordinal() < other.ordinal();
  }

  /** The type of this name alone, in upper or lower case. */
  public static Optional<Quant> byName(String name) {
    return Optional.ofNullable(BY_NAME.get(name.toUpperCase(Locale.ROOT)));
  }

  /**
   * The type that a file's name has between its dashes and dots, such as {@code
   * Model-7B-Q4_K_M.gguf}.
   *
   * @param stem the file's name without folder, ending and number of the part
   * @return empty where there is none or more than one, or where there is something beside it that
   *     makes it another type ({@code UD-Q4_K_XL}); what is not known is not guessed
   */
  public static Optional<Quant> inFileName(String stem) {
    List<Quant> found = new ArrayList<>();
    for (String word : stem.split("[-.]")) {
      byName(word).ifPresent(found::add);
    }
    Set<Quant> distinct = new HashSet<>(found);
    return distinct.size() == 1 ? Optional.of(found.getFirst()) : Optional.empty();
  }
}
