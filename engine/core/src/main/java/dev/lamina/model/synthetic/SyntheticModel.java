package dev.lamina.model.synthetic;

import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.Metadata;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.model.FileType;
import dev.lamina.model.ModelException;
import dev.lamina.model.QuantMix;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A model without weights: what a GGUF file of this shape and type has before its data.
 *
 * @param shape the hyper-parameters
 * @param type how the weights are stored, as the user named it
 * @param file the file type that comes closest
 * @param tensors the tensor table; offsets count from the beginning of the data, each a multiple of
 *     {@link #ALIGNMENT}
 */
public record SyntheticModel(
    SyntheticShape shape, String type, FileType file, List<TensorInfo> tensors) {
  /** What offsets are a multiple of. */
  public static final int ALIGNMENT = 32;

  /** Gives each tensor its type. */
  private interface Types {
    GgmlType of(String name, long... shape);
  }

  /**
   * A model.
   *
   * @param shape one of {@link SyntheticShape#names()}
   * @param type a ggml type for all matrices ({@code Q4_0}), or a file type whose tensors are mixed
   *     as llama-quantize mixes them ({@code Q4_K_M}, {@code Q4_K_M+imatrix}); {@code mix:Q4_0} is
   *     the file type where a ggml type has the same name
   * @throws ModelException where there is no such shape or type
   */
  public static SyntheticModel of(String shape, String type) {
    return of(SyntheticShape.byName(shape), type);
  }

  /** As {@link #of(String, String)}, of any shape. */
  public static SyntheticModel of(SyntheticShape shape, String type) {
    Optional<GgmlType> pure = ggmlType(type);
    if (pure.isPresent()) {
      GgmlType all = pure.get();
      return make(shape, type, fileTypeOf(all), (name, dims) -> QuantMix.pure(all, name, dims));
    }
    String name = type.toUpperCase(Locale.ROOT);
    boolean importance = name.endsWith("+IMATRIX");
    name = importance ? name.substring(0, name.length() - "+IMATRIX".length()) : name;
    name = name.startsWith("MIX:") ? name.substring("MIX:".length()) : name;
    FileType file =
        FileType.byName(name)
            .orElseThrow(
                () ->
                    new ModelException(
                        "there is no type '"
                            + type
                            + "': choose a tensor type such as Q8_0, Q4_0 or Q4_K, or a mix such"
                            + " as Q4_K_M or IQ3_M"));
    QuantMix mix =
        new QuantMix(
            file,
            importance,
            shape.nLayer(),
            shape.nHead(),
            shape.nHeadKv(),
            shape.nExpert(),
            shape.tied());
    return make(shape, type, file, mix::type);
  }

  /** A name for the model: shape and type. */
  public String name() {
    return shape.name() + "-" + type.replace(':', '-');
  }

  /** The key-value pairs as {@link Metadata}; made anew by each call. */
  public Metadata metadata() {
    return Metadata.of(name(), keys());
  }

  /** Bytes of all tensors. */
  public long bytes() {
    return tensors.stream().mapToLong(TensorInfo::bytes).sum();
  }

  private static Optional<GgmlType> ggmlType(String name) {
    for (GgmlType type : GgmlType.values()) {
      if (type.isWeightType() && type.name().equals(name.toUpperCase(Locale.ROOT))) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  /** The file type that comes closest to a file of one type alone. */
  private static FileType fileTypeOf(GgmlType type) {
    for (FileType file : FileType.values()) {
      if (file.base() == type) {
        return file;
      }
    }
    throw new AssertionError(type);
  }

  private static SyntheticModel make(
      SyntheticShape shape, String type, FileType file, Types types) {
    return new SyntheticModel(shape, type, file, List.copyOf(tensors(shape, types)));
  }

  /**
   * All keys that a reader needs, a made-up vocabulary among them; made anew by each call. Integers
   * are u32 in a file, {@code int[]} arrays of i32, floats f32, lists arrays of strings.
   */
  public Map<String, Object> keys() {
    SyntheticShape s = shape;
    Map<String, Object> m = new LinkedHashMap<>();
    String arch = s.architecture() + ".";
    m.put("general.architecture", s.architecture());
    m.put("general.name", "synthetic " + name());
    m.put("general.file_type", file.id());
    m.put("general.quantization_version", 2);
    m.put(arch + "context_length", s.contextLength());
    m.put(arch + "embedding_length", s.nEmbd());
    m.put(arch + "block_count", s.nLayer());
    m.put(arch + "feed_forward_length", s.nFf());
    m.put(arch + "attention.head_count", s.nHead());
    m.put(arch + "attention.head_count_kv", s.nHeadKv());
    m.put(arch + "attention.key_length", s.headDim());
    m.put(arch + "attention.value_length", s.headDim());
    m.put(
        arch + "attention.layer_norm_rms_epsilon",
        s.architecture().startsWith("llama") ? 1e-5f : 1e-6f);
    m.put(arch + "rope.freq_base", s.ropeBase());
    m.put(arch + "vocab_size", s.nVocab());
    if (s.architecture().equals("llama")) {
      m.put(arch + "rope.dimension_count", s.headDim());
    }
    if (s.ropeFactor() != 1) {
      m.put(arch + "rope.scaling.type", "linear");
      m.put(arch + "rope.scaling.factor", s.ropeFactor());
    }
    if (s.window() > 0) {
      m.put(arch + "attention.sliding_window", s.window());
    }
    if (s.architecture().equals("gemma2")) {
      m.put(arch + "attn_logit_softcapping", 50f);
      m.put(arch + "final_logit_softcapping", 30f);
    }
    if (s.nExpert() > 0) {
      m.put(arch + "expert_count", s.nExpert());
      m.put(arch + "expert_used_count", s.nExpertUsed());
      if (!s.architecture().equals("llama")) {
        m.put(arch + "expert_feed_forward_length", s.nFf());
      }
      if (s.sharedExpert()) {
        m.put(arch + "expert_shared_feed_forward_length", s.nFfShared());
      }
    }
    MadeUpVocabulary.put(m, s.architecture().equals("llama") ? "llama-bpe" : "qwen2", s.nVocab());
    return m;
  }

  private static List<TensorInfo> tensors(SyntheticShape s, Types types) {
    Table t = new Table(types);
    long embd = s.nEmbd();
    long q = (long) s.nHead() * s.headDim();
    long kv = (long) s.nHeadKv() * s.headDim();
    boolean gemma = s.architecture().startsWith("gemma");
    boolean headNorms = s.architecture().startsWith("qwen3") || s.architecture().equals("gemma3");
    t.add("token_embd.weight", embd, s.nVocab());
    t.add("output_norm.weight", embd);
    if (!s.tied()) {
      t.add("output.weight", embd, s.nVocab());
    }
    if (s.ropeFactors()) {
      t.add("rope_freqs.weight", s.headDim() / 2);
    }
    for (int i = 0; i < s.nLayer(); i++) {
      String blk = "blk." + i + ".";
      t.add(blk + "attn_norm.weight", embd);
      t.add(blk + "attn_q.weight", embd, q);
      t.add(blk + "attn_k.weight", embd, kv);
      t.add(blk + "attn_v.weight", embd, kv);
      if (s.architecture().startsWith("qwen2")) {
        t.add(blk + "attn_q.bias", q);
        t.add(blk + "attn_k.bias", kv);
        t.add(blk + "attn_v.bias", kv);
      }
      if (headNorms) {
        t.add(blk + "attn_q_norm.weight", s.headDim());
        t.add(blk + "attn_k_norm.weight", s.headDim());
      }
      t.add(blk + "attn_output.weight", q, embd);
      if (gemma) {
        t.add(blk + "post_attention_norm.weight", embd);
        t.add(blk + "post_ffw_norm.weight", embd);
      }
      t.add(blk + "ffn_norm.weight", embd);
      if (s.nExpert() > 0) {
        t.add(blk + "ffn_gate_inp.weight", embd, s.nExpert());
        t.add(blk + "ffn_gate_exps.weight", embd, s.nFf(), s.nExpert());
        t.add(blk + "ffn_up_exps.weight", embd, s.nFf(), s.nExpert());
        t.add(blk + "ffn_down_exps.weight", s.nFf(), embd, s.nExpert());
        if (s.sharedExpert()) {
          t.add(blk + "ffn_gate_inp_shexp.weight", embd);
          t.add(blk + "ffn_gate_shexp.weight", embd, s.nFfShared());
          t.add(blk + "ffn_up_shexp.weight", embd, s.nFfShared());
          t.add(blk + "ffn_down_shexp.weight", s.nFfShared(), embd);
        }
      } else {
        t.add(blk + "ffn_gate.weight", embd, s.nFf());
        t.add(blk + "ffn_up.weight", embd, s.nFf());
        t.add(blk + "ffn_down.weight", s.nFf(), embd);
      }
    }
    return t.tensors;
  }

  /** A tensor table that grows. */
  private static final class Table {
    private final Types types;
    private final List<TensorInfo> tensors = new ArrayList<>();
    private long offset;

    Table(Types types) {
      this.types = types;
    }

    void add(String name, long... shape) {
      TensorInfo info = new TensorInfo(name, types.of(name, shape), shape, 0, offset);
      tensors.add(info);
      offset = (offset + info.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
  }
}
