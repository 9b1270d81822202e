package dev.lamina.model;

import static dev.lamina.gguf.GgmlType.*;

import dev.lamina.gguf.GgmlType;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Which type {@code llama-quantize} gives a tensor: the rules of {@code llama-quant.cpp} ({@code
 * llama_tensor_get_type}) for the architectures that Lamina runs. Sensitive tensors get more bits:
 * the output, values (few and shared by many heads), and {@code ffn_down} in the first, the last
 * and every third layer. For models with a shared expert, whose tensors llama-quantize counts
 * together with the others, single layers may come out otherwise.
 *
 * @param file the file type
 * @param importance whether an importance matrix is at hand
 * @param nLayer layers of the model
 * @param nHead query heads of the first layer
 * @param nHeadKv key-value heads of the first layer
 * @param nExpert experts; 0 or 1 for a dense model
 * @param tied whether the embeddings are the output matrix too
 */
public record QuantMix(
    FileType file,
    boolean importance,
    int nLayer,
    int nHead,
    int nHeadKv,
    int nExpert,
    boolean tied) {
  /** The file types below three bits, whose rules are of their own. */
  private static final Set<FileType> TINY =
      EnumSet.of(
          FileType.IQ1_S,
          FileType.IQ1_M,
          FileType.IQ2_XXS,
          FileType.IQ2_XS,
          FileType.IQ2_S,
          FileType.IQ2_M);

  /** What the names of tensors have in them that stay as they are. */
  private static final List<String> KEPT =
      List.of(
          "_norm.weight",
          "ffn_gate_inp.weight",
          "ffn_gate_tid2eid.weight",
          "altup",
          "laurel",
          "per_layer_model_proj",
          "ssm_conv1d",
          "shortconv.conv.weight",
          "indexer.k_proj.weight",
          "indexer.q_proj.weight",
          "time_mix_first.weight",
          "time_mix_w0.weight",
          "time_mix_w1.weight",
          "time_mix_w2.weight",
          "time_mix_v0.weight",
          "time_mix_v1.weight",
          "time_mix_v2.weight",
          "time_mix_a0.weight",
          "time_mix_a1.weight",
          "time_mix_a2.weight",
          "time_mix_g1.weight",
          "time_mix_g2.weight",
          "time_mix_decay_w1.weight",
          "time_mix_decay_w2.weight",
          "time_mix_lerp_fused.weight",
          "attn_rel_b.weight",
          "position_embd",
          "token_types",
          ".rel_pos",
          ".patch_embd",
          ".patch_merger");

  /** The file types in which a mixture of eight experts has better output projections. */
  private static final Set<FileType> BETTER_OUTPUT_OF_8 =
      EnumSet.of(
          FileType.Q2_K,
          FileType.IQ3_XS,
          FileType.IQ3_XXS,
          FileType.Q3_K_S,
          FileType.Q3_K_M,
          FileType.IQ4_NL,
          FileType.Q4_K_S,
          FileType.Q4_K_M,
          FileType.IQ3_S,
          FileType.IQ3_M,
          FileType.IQ4_XS);

  /**
   * The type of a tensor.
   *
   * @param name its name, such as {@code blk.0.attn_q.weight}
   * @param shape values per dimension, the contiguous one first
   */
  public GgmlType type(String name, long... shape) {
    return quantizes(name, shape) ? fitting(wanted(name, shape), shape[0]) : F32;
  }

  /**
   * The type that the rules choose for a tensor that {@link #quantizes} names, whether its rows
   * divide into blocks or not.
   */
  public GgmlType wanted(String name, long... shape) {
    GgmlType base = file.base();
    return base.family() == Family.FLOAT ? base : mixed(name, base, shape);
  }

  /**
   * The type of a tensor where all matrices have the same ({@code llama-quantize --pure}), the
   * embeddings and the output included.
   */
  public static GgmlType pure(GgmlType all, String name, long... shape) {
    return quantizes(name, shape) ? fitting(all, shape[0]) : F32;
  }

  /**
   * Whether a tensor is stored in the type of the file at all: vectors, routers and a few small
   * tensors of architectures that Lamina does not run are not ({@code tensor_allows_quantization}).
   */
  public static boolean quantizes(String name, long... shape) {
    return dimensions(shape) >= 2
        && name.endsWith("weight")
        && KEPT.stream().noneMatch(name::contains);
  }

  /** Dimensions without the last ones of 1. */
  private static int dimensions(long... shape) {
    int n = shape.length;
    while (n > 1 && shape[n - 1] == 1) {
      n--;
    }
    return n;
  }

  /** The type itself, or the one that takes its place where rows are no multiple of its blocks. */
  public static GgmlType fitting(GgmlType type, long cols) {
    if (cols % type.blockSize() == 0) {
      return type;
    }
    GgmlType other =
        switch (type) {
          case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S, IQ4_XS -> IQ4_NL;
          case Q2_K, Q3_K, TQ1_0, TQ2_0 -> Q4_0;
          case Q4_K -> Q5_0;
          case Q5_K -> Q5_1;
          case Q6_K -> Q8_0;
          case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> F16;
          case F32, F16, BF16, F64, I8, I16, I32, I64 -> type;
        };
    return cols % other.blockSize() == 0 ? other : F16;
  }

  private GgmlType mixed(String name, GgmlType base, long[] shape) {
    if (name.equals("output.weight") || (tied && name.equals("token_embd.weight"))) {
      return output(base, shape[0]);
    }
    if (file == FileType.MXFP4_MOE) {
      return shape.length > 2 && shape[2] > 1 ? MXFP4 : Q8_0;
    }
    if (name.equals("token_embd.weight")) {
      return switch (file) {
        case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS -> Q2_K;
        case IQ2_S, IQ2_M, IQ3_XXS -> IQ3_S;
        case TQ1_0, TQ2_0 -> Q4_K;
        case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q2_K_S -> base;
        case Q3_K_S, Q3_K_M, Q3_K_L, Q4_K_S, Q4_K_M, Q5_K_S, Q5_K_M, Q6_K -> base;
        case IQ3_XS, IQ3_S, IQ3_M, IQ4_NL, IQ4_XS, MXFP4_MOE -> base;
      };
    }
    int layer = layer(name);
    if (TINY.contains(file)) {
      return tiny(name, base, layer);
    }
    if (isValue(name)) {
      return nExpert == 8 ? Q8_0 : values(base, layer);
    }
    if (name.contains("attn_k.") || name.contains("attn_q.")) {
      if (nExpert == 8 && name.contains("attn_k.")) {
        return Q8_0;
      }
      return file == FileType.IQ3_XS ? IQ3_XXS : file == FileType.IQ3_XXS ? IQ2_S : base;
    }
    if (name.contains("ffn_down")) {
      return down(base, layer);
    }
    if (name.contains("attn_output.")) {
      return attentionOutput(base);
    }
    boolean inner = layer >= nLayer / 8 && layer < 7 * nLayer / 8;
    return file == FileType.IQ3_XS && inner ? IQ3_XXS : base;
  }

  private GgmlType output(GgmlType base, long cols) {
    if (file == FileType.MXFP4_MOE || cols % base.blockSize() != 0) {
      return Q8_0;
    }
    if (TINY.contains(file) || file == FileType.IQ3_XXS) {
      return Q5_K;
    }
    return base == Q8_0 ? Q8_0 : Q6_K;
  }

  private GgmlType tiny(String name, GgmlType base, int layer) {
    boolean larger = file == FileType.IQ2_S || file == FileType.IQ2_M;
    if (isValue(name)) {
      return gqa() >= 4 || nExpert >= 4 ? Q4_K : larger ? IQ3_S : Q2_K;
    }
    if (nExpert == 8 && name.contains("attn_k.")) {
      return Q4_K;
    }
    if (name.contains("ffn_down")) {
      return layer < nLayer / 8 ? (larger ? IQ3_S : Q2_K) : base;
    }
    if (name.contains("attn_output.")) {
      boolean smallest = file == FileType.IQ1_S || file == FileType.IQ1_M;
      return nExpert == 8 ? Q5_K : smallest ? IQ2_XXS : larger ? IQ3_S : base;
    }
    return base;
  }

  private GgmlType values(GgmlType base, int layer) {
    boolean shared = gqa() >= 4;
    GgmlType type =
        switch (file) {
          case Q2_K -> shared ? Q4_K : Q3_K;
          case Q2_K_S, IQ3_XS, IQ3_S -> shared ? Q4_K : base;
          case IQ3_XXS -> shared ? Q4_K : importance ? IQ3_XXS : IQ3_S;
          case IQ3_M -> Q4_K;
          case Q3_K_M -> layer < 2 ? Q5_K : Q4_K;
          case Q3_K_L -> Q5_K;
          case IQ4_NL, IQ4_XS -> shared ? Q5_K : base;
          case Q4_K_M, Q5_K_M -> moreBits(layer) ? Q6_K : base;
          case Q4_K_S -> layer < 4 ? Q5_K : base;
          case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q3_K_S, Q5_K_S, Q6_K -> base;
          case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ2_M, TQ1_0, TQ2_0, MXFP4_MOE -> base;
        };
    // The 70 B models have 80 layers, and eight query heads to a value head.
    boolean of70B = nLayer == 80 && nHead != nHeadKv;
    return of70B && (type == Q3_K || type == Q4_K) ? Q5_K : type;
  }

  private GgmlType down(GgmlType base, int layer) {
    boolean first = layer < nLayer / 8;
    return switch (file) {
      case Q2_K -> Q3_K;
      case Q2_K_S -> first ? Q4_K : base;
      case IQ3_XXS -> importance ? base : first ? Q4_K : Q3_K;
      case Q3_K_M -> layer < nLayer / 16 ? Q5_K : Q4_K;
      case IQ3_M -> first || (nExpert == 8 && moreBits(layer)) ? Q4_K : base;
      case Q3_K_L -> Q5_K;
      case Q4_K_M, Q5_K_M -> moreBits(layer) ? Q6_K : base;
      case IQ4_NL, IQ4_XS -> first && !importance ? Q5_K : base;
      case Q4_K_S -> first ? Q5_K : base;
      case Q4_0 -> first && importance ? Q4_1 : base;
      case Q5_0 -> first && importance ? Q5_1 : base;
      case F32, F16, BF16, Q4_1, Q5_1, Q8_0, Q3_K_S, Q5_K_S, Q6_K, IQ3_XS, IQ3_S -> base;
      case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ2_M, TQ1_0, TQ2_0, MXFP4_MOE -> base;
    };
  }

  private GgmlType attentionOutput(GgmlType base) {
    if (nExpert == 8) {
      return BETTER_OUTPUT_OF_8.contains(file) ? Q5_K : base;
    }
    return switch (file) {
      case Q2_K -> Q3_K;
      case IQ3_XXS -> IQ3_S;
      case Q3_K_M, IQ3_M -> Q4_K;
      case Q3_K_L -> Q5_K;
      case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K_S, Q3_K_S -> base;
      case Q4_K_S, Q4_K_M, Q5_K_S, Q5_K_M, Q6_K, IQ3_XS, IQ3_S, IQ4_NL, IQ4_XS -> base;
      case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ2_M, TQ1_0, TQ2_0, MXFP4_MOE -> base;
    };
  }

  /** Values, alone or joined with queries and keys. */
  private static boolean isValue(String name) {
    return name.contains("attn_v.") || name.contains("attn_qkv.") || name.contains("attn_kv_b.");
  }

  private int gqa() {
    return nHeadKv == 0 ? 1 : nHead / nHeadKv;
  }

  private boolean moreBits(int layer) {
    int eighth = nLayer / 8;
    return layer < eighth || layer >= 7 * nLayer / 8 || (layer - eighth) % 3 == 2;
  }

  private static int layer(String name) {
    int dot = name.indexOf('.', 4);
    return name.startsWith("blk.") && dot > 0 ? Integer.parseInt(name, 4, dot, 10) : 0;
  }
}
