package dev.lamina.placement;

import dev.lamina.backend.Limits;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.Metadata;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.model.Architectures;
import dev.lamina.model.DecoderGraph;
import dev.lamina.model.ModelGraph;
import dev.lamina.model.ModelOptions;
import dev.lamina.model.TensorCatalog;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;

/**
 * Models without weights: real shapes with the types of real files, and small ones made to order.
 */
final class MadeUpModels {
  /** The shape of a decoder. */
  record Shape(
      String arch,
      int width,
      int layers,
      int heads,
      int headsKv,
      int headDim,
      int ffn,
      int vocabulary,
      boolean tied,
      int experts) {}

  /** A small llama: its layers are about 1.2 MiB in F16, its output 4 MiB. */
  static final Shape SMALL = new Shape("llama", 256, 8, 4, 2, 64, 512, 8192, false, 0);

  private static final Map<String, Shape> SHAPES = new HashMap<>();
  private static final Map<String, String[]> FILES = new HashMap<>();

  static {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(MadeUpModels.class.getResourceAsStream("mixes.txt")),
                StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] words = line.split(" ");
        switch (words[0]) {
          case "shape" -> SHAPES.put(words[1], shape(words));
          case "file" -> FILES.put(words[1] + " " + words[2], words);
          default -> {}
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private MadeUpModels() {}

  /** Bytes of the tensors of a real file, such as {@code llama-8b Q4_K_M}. */
  static long fileBytes(String file) {
    return Math.round(Double.parseDouble(FILES.get(file)[3]) * (1 << 20));
  }

  /** A model with the shapes and types of a real file. */
  static DecoderGraph file(String file, ModelOptions options) {
    String[] words = FILES.get(file);
    Map<String, String> types = new HashMap<>();
    for (int i = 4; i < words.length; i++) {
      String[] pair = words[i].split("=");
      types.put(pair[0], pair[1]);
    }
    return model(SHAPES.get(words[1]), (tensor, layer) -> type(types.get(tensor), layer), options);
  }

  /** A model with keys and values in F16 and all matrices of one type. */
  static DecoderGraph model(Shape shape, GgmlType type) {
    return model(shape, (tensor, layer) -> type, ModelOptions.DEFAULT);
  }

  /**
   * A model made to order.
   *
   * @param types the type of a tensor, such as {@code attn_k} (-1 for the layer where it is {@code
   *     output} or {@code token_embd})
   */
  static DecoderGraph model(
      Shape s, BiFunction<String, Integer, GgmlType> types, ModelOptions options) {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("general.architecture", s.arch);
    String prefix = s.arch + ".";
    keys.put(prefix + "block_count", s.layers);
    keys.put(prefix + "embedding_length", s.width);
    keys.put(prefix + "context_length", 8192);
    keys.put(prefix + "attention.head_count", s.heads);
    keys.put(prefix + "attention.head_count_kv", s.headsKv);
    keys.put(prefix + "attention.key_length", s.headDim);
    keys.put(prefix + "attention.value_length", s.headDim);
    keys.put(prefix + "attention.layer_norm_rms_epsilon", 1e-5f);
    keys.put(prefix + "feed_forward_length", s.ffn);
    if (s.experts > 0) {
      keys.put(prefix + "expert_count", s.experts);
      keys.put(prefix + "expert_used_count", 2);
    }
    boolean gemma3 = s.arch.equals("gemma3");
    if (gemma3) {
      keys.put(prefix + "attention.sliding_window", 1024);
    }
    Tensors t = new Tensors(types);
    t.matrix("token_embd", -1, s.width, s.vocabulary);
    t.vector("output_norm", s.width);
    if (!s.tied) {
      t.matrix("output", -1, s.width, s.vocabulary);
    }
    for (int i = 0; i < s.layers; i++) {
      String block = "blk." + i + ".";
      t.matrix("attn_q", i, s.width, s.heads * s.headDim);
      t.matrix("attn_k", i, s.width, s.headsKv * s.headDim);
      t.matrix("attn_v", i, s.width, s.headsKv * s.headDim);
      t.matrix("attn_output", i, s.heads * s.headDim, s.width);
      t.vector(block + "attn_norm", s.width);
      t.vector(block + "ffn_norm", s.width);
      if (gemma3) {
        t.vector(block + "attn_q_norm", s.headDim);
        t.vector(block + "attn_k_norm", s.headDim);
        t.vector(block + "post_attention_norm", s.width);
        t.vector(block + "post_ffw_norm", s.width);
      }
      if (s.experts > 0) {
        t.add(block + "ffn_gate_inp", GgmlType.F32, s.width, s.experts);
        t.experts("ffn_gate_exps", i, s.width, s.ffn, s.experts);
        t.experts("ffn_up_exps", i, s.width, s.ffn, s.experts);
        t.experts("ffn_down_exps", i, s.ffn, s.width, s.experts);
      } else {
        t.matrix("ffn_gate", i, s.width, s.ffn);
        t.matrix("ffn_up", i, s.width, s.ffn);
        t.matrix("ffn_down", i, s.ffn, s.width);
      }
    }
    return Architectures.graph(Metadata.of("made-up", keys), TensorCatalog.of(t.infos), options);
  }

  /** Limits for one sequence with so many tokens of context, in steps of 512 tokens. */
  static Limits limits(ModelGraph model, int context) {
    int ubatch = Math.min(512, context);
    List<Limits.PageGroup> groups = new ArrayList<>();
    for (ModelGraph.AttentionGroup group : model.groups()) {
      int positions = group.window() == 0 ? context : Math.min(context, group.window() + ubatch);
      groups.add(new Limits.PageGroup((positions + 31) / 32, (context + 31) / 32));
    }
    return new Limits(ubatch, 8, 1, 32, groups);
  }

  private static Shape shape(String[] words) {
    Map<String, String> f = new HashMap<>();
    for (int i = 2; i < words.length; i++) {
      String[] pair = words[i].split("=");
      f.put(pair[0], pair[1]);
    }
    return new Shape(
        f.get("arch"),
        Integer.parseInt(f.get("dim")),
        Integer.parseInt(f.get("layers")),
        Integer.parseInt(f.get("heads")),
        Integer.parseInt(f.get("kv_heads")),
        Integer.parseInt(f.get("head_dim")),
        Integer.parseInt(f.get("ffn")),
        Integer.parseInt(f.get("vocab")),
        Boolean.parseBoolean(f.get("tied")),
        Integer.parseInt(f.get("experts")));
  }

  /** Reads {@code TYPE} or {@code TYPE:0-3+6;TYPE:4-5}. */
  private static GgmlType type(String text, int layer) {
    for (String part : text.split(";")) {
      String[] pair = part.split(":");
      if (pair.length == 1) {
        return GgmlType.valueOf(part);
      }
      for (String range : pair[1].split("\\+")) {
        String[] ends = range.split("-");
        int first = Integer.parseInt(ends[0]);
        int last = Integer.parseInt(ends[ends.length - 1]);
        if (first <= layer && layer <= last) {
          return GgmlType.valueOf(pair[0]);
        }
      }
    }
    throw new IllegalArgumentException(text + " says nothing of layer " + layer);
  }

  private static final class Tensors {
    final List<TensorInfo> infos = new ArrayList<>();
    private final BiFunction<String, Integer, GgmlType> types;

    Tensors(BiFunction<String, Integer, GgmlType> types) {
      this.types = types;
    }

    void matrix(String name, int layer, long... shape) {
      add(full(name, layer), types.apply(name, layer), shape);
    }

    void experts(String name, int layer, long... shape) {
      matrix(name, layer, shape);
    }

    void vector(String name, int size) {
      add(name, GgmlType.F32, size);
    }

    void add(String name, GgmlType type, long... shape) {
      infos.add(new TensorInfo(name + ".weight", type, shape, 0, 0));
    }

    private static String full(String name, int layer) {
      return layer < 0 ? name : "blk." + layer + "." + name;
    }
  }
}
