package dev.lamina.cpu.format;

import dev.lamina.gguf.GgmlType;

/** The format of every weight type: the one table of what this backend reads. */
public final class Formats {
  private Formats() {}

  /** The format of a type, or null where no weight has it. */
  public static WeightFormat of(GgmlType type) {
    return switch (type) {
      case F32 -> F32Format.INSTANCE;
      case F16 -> F16Format.INSTANCE;
      case BF16 -> Bf16Format.INSTANCE;
      case Q8_0 -> Q8_0Format.INSTANCE;
      case Q4_0 -> Q4_0Format.INSTANCE;
      case Q4_1 -> Q4_1Format.INSTANCE;
      case Q5_0 -> Q5_0Format.INSTANCE;
      case Q5_1 -> Q5_1Format.INSTANCE;
      case Q2_K -> Q2KFormat.INSTANCE;
      case Q3_K -> Q3KFormat.INSTANCE;
      case Q4_K -> Q4KFormat.INSTANCE;
      case Q5_K -> Q5KFormat.INSTANCE;
      case Q6_K -> Q6KFormat.INSTANCE;
      case IQ2_XXS -> IQ2XXSFormat.INSTANCE;
      case IQ2_XS -> IQ2XSFormat.INSTANCE;
      case IQ2_S -> IQ2SFormat.INSTANCE;
      case IQ3_XXS -> IQ3XXSFormat.INSTANCE;
      case IQ3_S -> IQ3SFormat.INSTANCE;
      case IQ1_S -> IQ1SFormat.INSTANCE;
      case IQ1_M -> IQ1MFormat.INSTANCE;
      case TQ1_0 -> TQ1Format.INSTANCE;
      case TQ2_0 -> TQ2Format.INSTANCE;
      case IQ4_NL -> IQ4NLFormat.INSTANCE;
      case IQ4_XS -> IQ4XSFormat.INSTANCE;
      case MXFP4 -> MXFP4Format.INSTANCE;
      case I8, I16, I32, I64, F64 -> null;
    };
  }
}
