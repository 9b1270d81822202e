package dev.lamina.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.backend.Graph;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.Metadata;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.model.ModelGraph.AttentionGroup;
import dev.lamina.model.synthetic.SyntheticModel;
import dev.lamina.model.synthetic.SyntheticShape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Configurations, graphs and refusals, on tensor tables without data. */
class ArchitecturesTest {
  /** A model whose keys and tensors a test can change. */
  private static final class Draft {
    final Map<String, Object> keys = new TreeMap<>();
    final List<TensorInfo> tensors = new ArrayList<>();
    ModelOptions options = ModelOptions.DEFAULT;

    Draft(String architecture, int experts) {
      SyntheticModel model =
          SyntheticModel.of(
              new SyntheticShape(
                  "tiny",
                  architecture,
                  4,
                  256,
                  4,
                  2,
                  64,
                  512,
                  300,
                  1024,
                  1e4f,
                  1,
                  false,
                  0,
                  experts,
                  experts == 0 ? 0 : 2),
              "Q8_0");
      keys.putAll(model.keys());
      tensors.addAll(model.tensors());
    }

    Draft put(String key, Object value) {
      keys.put(key, value);
      return this;
    }

    Draft remove(String key) {
      keys.remove(key);
      return this;
    }

    Draft without(String tensor) {
      assertTrue(tensors.removeIf(t -> t.name().equals(tensor)), tensor);
      return this;
    }

    Draft with(String tensor, GgmlType type, long... shape) {
      tensors.removeIf(t -> t.name().equals(tensor));
      tensors.add(new TensorInfo(tensor, type, shape, 0, 0));
      return this;
    }

    Draft rope(ModelOptions.Rope rope) {
      options = options.withRope(rope);
      return this;
    }

    DecoderGraph graph() {
      return Architectures.graph(Metadata.of("m.gguf", keys), TensorCatalog.of(tensors), options);
    }

    RopeSpec ropeOf(int layer) {
      return graph().config().ropeSpec(layer, null);
    }

    /** The message with which the model is refused. */
    String refusal() {
      String message = assertThrows(LaminaException.class, this::graph).getMessage();
      assertTrue(message.startsWith("m.gguf: "), message);
      return message;
    }
  }

  private static Draft llama() {
    return new Draft("llama", 0);
  }

  @Test
  void unknownArchitectureIsRefusedWithTheListOfKnown() {
    assertEquals(
        "m.gguf: the architecture 'mamba' is not among those that Lamina runs:"
            + " gemma2, gemma3, llama, qwen2, qwen2moe, qwen3, qwen3moe",
        llama().put("general.architecture", "mamba").refusal());
    String control = llama().put("general.architecture", "a\u001b[31m" + "x".repeat(99)).refusal();
    assertTrue(control.contains("'a?[31m" + "x".repeat(34) + "...'"), control);
  }

  @Test
  void missingTensorIsNamed() {
    for (String name :
        List.of(
            "token_embd.weight",
            "output_norm.weight",
            "blk.0.attn_norm.weight",
            "blk.3.attn_q.weight",
            "blk.2.ffn_down.weight")) {
      String message = llama().without(name).refusal();
      assertTrue(message.contains("tensor " + name), message);
      assertTrue(message.contains("missing"), message);
    }
  }

  @Test
  void wrongShapeIsToldWithBothShapes() {
    String message = llama().with("blk.1.attn_k.weight", GgmlType.Q8_0, 256, 256).refusal();
    assertEquals(
        "m.gguf: tensor blk.1.attn_k.weight has the shape 256 x 256 where the hyper-parameters ask"
            + " for 256 x 128; the file is badly converted: convert or download it again",
        message);
    assertTrue(llama().with("output_norm.weight", GgmlType.F32, 255).refusal().contains("255"));
    assertTrue(
        llama().with("blk.0.attn_q.bias", GgmlType.F32, 7).refusal().contains("attn_q.bias"));
    assertTrue(llama().with("output.weight", GgmlType.I32, 256, 300).refusal().contains("as I32"));
  }

  @Test
  void oldExpertTensorsAndJoinedQkvAreRefusedWithAdvice() {
    Draft mixtral = new Draft("llama", 4);
    mixtral.without("blk.0.ffn_gate_exps.weight");
    mixtral.with("blk.0.ffn_gate.0.weight", GgmlType.Q8_0, 256, 512);
    assertTrue(mixtral.refusal().contains("each expert in a tensor of its own"));
    Draft joined = llama().without("blk.0.attn_q.weight");
    joined.with("blk.0.attn_qkv.weight", GgmlType.Q8_0, 256, 512);
    assertTrue(joined.refusal().contains("joins queries, keys and values"));
  }

  @Test
  void extraTensorsAreFine() {
    Draft draft = llama().with("blk.0.something.else", GgmlType.F32, 5);
    assertEquals(4, draft.graph().layers());
  }

  @ParameterizedTest
  @CsvSource({
    "block_count, 0",
    "block_count, 2147483647",
    "block_count, 5",
    "embedding_length, 0",
    "embedding_length, 257",
    "context_length, 0",
    "attention.head_count, 0",
    "attention.head_count, 1000",
    "attention.head_count_kv, 0",
    "attention.head_count_kv, 3",
    "attention.key_length, 0",
    "attention.key_length, 2000000",
    "attention.value_length, 63",
    "feed_forward_length, 0",
    "feed_forward_length, -5",
    "rope.dimension_count, 65",
    "rope.dimension_count, 63",
    "rope.dimension_count, 0",
    "rope.scaling.original_context_length, 0"
  })
  void integersThatMakeNoSense(String key, int value) {
    String message = llama().put("llama." + key, value).refusal();
    assertTrue(
        message.contains("llama." + key + " is " + value)
            || message.contains("has the shape")
            || message.contains("blk.4."),
        message);
  }

  @ParameterizedTest
  @CsvSource({
    "attention.layer_norm_rms_epsilon, NaN",
    "attention.layer_norm_rms_epsilon, -1",
    "attention.layer_norm_rms_epsilon, 2",
    "rope.freq_base, 0",
    "rope.freq_base, Infinity",
    "rope.freq_base, -10000",
    "rope.scaling.factor, -4",
    "rope.scaling.factor, NaN",
    "rope.scaling.factor, 1e-9",
    "rope.scaling.attn_factor, NaN"
  })
  void numbersThatMakeNoSense(String key, float value) {
    String message = llama().put("llama." + key, value).refusal();
    assertTrue(message.contains("llama." + key + " is " + value), message);
  }

  @ParameterizedTest
  @CsvSource({
    "block_count",
    "embedding_length",
    "context_length",
    "attention.head_count",
    "feed_forward_length",
    "attention.layer_norm_rms_epsilon"
  })
  void missingKeys(String key) {
    String message = llama().remove("llama." + key).refusal();
    assertTrue(message.contains("llama." + key), message);
  }

  @Test
  void valuesOfTheWrongKind() {
    assertTrue(llama().put("llama.block_count", "four").refusal().contains("llama.block_count"));
    assertTrue(llama().put("llama.rope.freq_base", "x").refusal().contains("rope.freq_base"));
    assertTrue(llama().put("general.architecture", 7).refusal().contains("general.architecture"));
    String scaling = llama().put("llama.rope.scaling.type", "longrope").refusal();
    assertTrue(scaling.contains("longrope") && scaling.contains("--rope-scaling"), scaling);
    assertTrue(
        llama()
            .put("llama.attention.head_count", new int[] {4, 4})
            .refusal()
            .contains("2 entries for 4 layers"));
  }

  @Test
  void experts() {
    assertTrue(
        new Draft("llama", 4).put("llama.expert_used_count", 5).refusal().contains("used_count"));
    assertTrue(
        new Draft("llama", 4).remove("llama.expert_used_count").refusal().contains("used_count"));
    assertTrue(
        new Draft("qwen3moe", 4).remove("qwen3moe.expert_count").refusal().contains("expert_co"));
    ModelConfig.Experts e = new Draft("qwen3moe", 4).graph().config().experts();
    assertEquals(new ModelConfig.Experts(4, 2, 512, 0, 1), e);
    Draft scaled = new Draft("qwen3moe", 4).put("qwen3moe.expert_weights_scale", 2.5f);
    assertEquals(2.5f, scaled.graph().config().experts().weightsScale());
  }

  @Test
  void layersMayDiffer() {
    Draft draft = llama().put("llama.attention.head_count", new int[] {4, 4, 8, 4});
    draft.put("llama.feed_forward_length", new int[] {512, 1024, 512, 512});
    draft.with("blk.2.attn_q.weight", GgmlType.Q8_0, 256, 512);
    draft.with("blk.2.attn_output.weight", GgmlType.Q8_0, 512, 256);
    draft.with("blk.1.ffn_gate.weight", GgmlType.Q8_0, 256, 1024);
    draft.with("blk.1.ffn_up.weight", GgmlType.Q8_0, 256, 1024);
    draft.with("blk.1.ffn_down.weight", GgmlType.Q8_0, 1024, 256);
    ModelConfig config = draft.graph().config();
    assertEquals(8, config.layers().get(2).nHead());
    assertEquals(1024, config.layers().get(1).nFf());
  }

  @Test
  void vocabularyIsThatOfTheEmbeddings() {
    Draft draft = llama().put("llama.vocab_size", 1_000_000_000);
    assertEquals(300, draft.graph().vocabulary());
    draft.with("token_embd.weight", GgmlType.Q8_0, 256, 1L << 40);
    assertTrue(draft.refusal().contains("no size of a vocabulary"));
  }

  @Test
  void tiedOutputIsTheEmbeddingAsAMatrix() {
    Graph graph = llama().without("output.weight").graph().stage(4, 4, true);
    TensorSpec matrix = TensorSpec.matrix("token_embd.weight", GgmlType.Q8_0, 256, 300);
    assertTrue(graph.weights().contains(matrix));
    assertEquals(Set.of(Output.LOGITS, Output.GREEDY), graph.outputs().keySet());
  }

  @Test
  void biasesAreUsedWhereTheFileHasThem() {
    Draft draft = llama().with("blk.1.attn_output.bias", GgmlType.F32, 256);
    draft.with("blk.1.ffn_up.bias", GgmlType.F32, 512).with("output.bias", GgmlType.F32, 300);
    Set<String> names = new HashSet<>();
    draft.graph().stage(0, 4, true).weights().forEach(w -> names.add(w.name()));
    assertTrue(
        names.containsAll(Set.of("blk.1.attn_output.bias", "blk.1.ffn_up.bias", "output.bias")));
  }

  @Test
  void stagesTogetherAreTheWhole() {
    DecoderGraph model = new Draft("qwen2", 0).graph();
    Set<TensorSpec> whole = new HashSet<>(model.stage(0, 4, true).weights());
    Set<TensorSpec> parts = new HashSet<>(model.stage(0, 1, false).weights());
    parts.addAll(model.stage(1, 3, false).weights());
    parts.addAll(model.stage(3, 4, false).weights());
    parts.addAll(model.stage(4, 4, true).weights());
    assertEquals(whole, parts);
    assertEquals(
        List.of(0, 1, 2, 3), model.stage(0, 4, true).kv().stream().map(KvSpec::layer).toList());
    for (int[] bad : new int[][] {{-1, 2}, {2, 1}, {2, 2}, {0, 5}}) {
      assertThrows(IllegalArgumentException.class, () -> model.stage(bad[0], bad[1], false));
    }
    assertThrows(IllegalArgumentException.class, () -> model.stage(0, 3, true));
  }

  /** Only the rows that want output go through the last layer's feed-forward block. */
  @Test
  void lastLayerSelectsRowsEarly() {
    DecoderGraph model = llama().graph();
    for (Op op : model.stage(3, 4, true).ops()) {
      if (op instanceof Op.MatMul m && m.weight().name().startsWith("blk.3.ffn")) {
        assertEquals(dev.lamina.backend.Value.Rows.OUTPUTS, m.in().rows(), m.weight().name());
      }
    }
    assertTrue(
        model.stage(3, 4, false).ops().stream().noneMatch(op -> op instanceof Op.SelectOutputs));
  }

  @Test
  void keysAndValuesInBlocksNeedHeadsOfWholeBlocks() {
    Draft draft = llama();
    draft.options = ModelOptions.DEFAULT.withKv(GgmlType.Q8_0, GgmlType.Q4_0);
    KvSpec kv = draft.graph().stage(0, 1, false).kv().iterator().next();
    assertEquals(new KvSpec(0, 0, 2, 64, 64, GgmlType.Q8_0, GgmlType.Q4_0), kv);
    draft.put("llama.attention.head_count", 16).put("llama.attention.head_count_kv", 8);
    draft.put("llama.attention.key_length", 16).put("llama.attention.value_length", 16);
    draft.put("llama.rope.dimension_count", 16);
    assertTrue(draft.refusal().contains("-ctk f16"));
    assertThrows(
        ModelException.class, () -> ModelOptions.DEFAULT.withKv(GgmlType.Q6_K, GgmlType.F16));
  }

  @Test
  void windowPatterns() {
    Draft draft = new Draft("gemma2", 0).put("gemma2.attention.sliding_window", 32);
    assertEquals(List.of(new AttentionGroup(0), new AttentionGroup(32)), draft.graph().groups());
    assertEquals(List.of(32, 0, 32, 0), windows(draft));
    draft.put("gemma2.attention.sliding_window_pattern", 4);
    assertEquals(List.of(32, 32, 32, 0), windows(draft));
    draft.put("gemma2.attention.sliding_window_pattern", new boolean[] {false, true, true, false});
    assertEquals(List.of(0, 32, 32, 0), windows(draft));
    draft.put("gemma2.attention.sliding_window_pattern", new int[] {1, 0, 0, 1});
    assertEquals(List.of(32, 0, 0, 32), windows(draft));
    draft.put("gemma2.attention.sliding_window_pattern", 0);
    assertEquals(List.of(32, 32, 32, 32), windows(draft));
    assertEquals(List.of(new AttentionGroup(32)), draft.graph().groups());
    draft.put("gemma2.attention.sliding_window_pattern", new boolean[3]);
    assertTrue(draft.refusal().contains("3 entries for 4 layers"));
    // llama.cpp runs the first Mistral, whose files name a window, without one.
    assertEquals(
        List.of(new AttentionGroup(0)),
        llama().put("llama.attention.sliding_window", 4096).graph().groups());
  }

  private static List<Integer> windows(Draft draft) {
    return draft.graph().config().layers().stream().map(ModelConfig.Layer::window).toList();
  }

  @Test
  void gemmaDefaultsAndRulesBySize() {
    ModelConfig gemma2 = new Draft("gemma2", 0).graph().config();
    assertEquals(List.of(0, 4096), gemma2.windows());
    assertEquals(50, gemma2.attentionSoftCap());
    assertEquals(30, gemma2.finalSoftCap());
    ModelConfig gemma3 = new Draft("gemma3", 0).graph().config();
    assertEquals(List.of(0), gemma3.windows());
    assertEquals(0, gemma3.attentionSoftCap());
    assertEquals(0, gemma3.finalSoftCap());
    ModelConfig large = config(SyntheticModel.of("gemma3-27b", "Q8_0"));
    assertEquals((float) (1 / Math.sqrt(5376 / 32)), large.attentionScale());
    ModelConfig middle = config(SyntheticModel.of("gemma3-12b", "Q8_0"));
    assertEquals(1 / 16f, middle.attentionScale());
    assertEquals(40, middle.layers().stream().filter(l -> l.window() == 1024).count());
    assertEquals((float) Math.sqrt(3840), middle.embeddingScale());
  }

  private static ModelConfig config(SyntheticModel model) {
    return Architectures.graph(
            model.metadata(), TensorCatalog.of(model.tensors()), ModelOptions.DEFAULT)
        .config();
  }

  @Test
  void ropeFromFile() {
    assertEquals(
        new RopeSpec(64, 64, RopeSpec.Pairing.ADJACENT, 1e4f, 1, 0, 1, 32, 1, 1024, null),
        llama().ropeOf(0));
    assertEquals(RopeSpec.Pairing.HALVES, new Draft("qwen2", 0).ropeOf(0).pairing());
    assertEquals(0.25f, llama().put("llama.rope.scaling.factor", 4f).ropeOf(0).freqScale());
    assertEquals(0.5f, llama().put("llama.rope.scale_linear", 2f).ropeOf(0).freqScale());
    assertEquals(
        1,
        llama()
            .put("llama.rope.scaling.factor", 4f)
            .put("llama.rope.scaling.type", "none")
            .ropeOf(0)
            .freqScale());
    assertEquals(32, llama().put("llama.rope.dimension_count", 32).ropeOf(0).dims());
    RopeSpec yarn =
        llama()
            .put("llama.rope.scaling.type", "yarn")
            .put("llama.rope.scaling.factor", 4f)
            .put("llama.rope.scaling.original_context_length", 256)
            .ropeOf(0);
    assertEquals(1, yarn.extFactor());
    assertEquals(1, yarn.attnFactor());
    assertEquals(256, yarn.originalContext());
  }

  @Test
  void ropeFromOptions() {
    Draft draft =
        llama()
            .put("llama.rope.scaling.factor", 4f)
            .rope(new ModelOptions.Rope(5e5f, 0.5f, RopeScaling.YARN, 2048, 0.75f, 2, 16, 2));
    assertEquals(
        new RopeSpec(64, 64, RopeSpec.Pairing.ADJACENT, 5e5f, 0.5f, 0.75f, 2, 16, 2, 2048, null),
        draft.ropeOf(0));
    draft.rope(new ModelOptions.Rope(0, 0, RopeScaling.NONE, 0, -1, -1, -1, -1));
    assertEquals(1, draft.ropeOf(0).freqScale());
    assertEquals(
        1f,
        llama()
            .put("llama.rope.scaling.type", "longrope")
            .rope(new ModelOptions.Rope(0, 0, RopeScaling.LINEAR, 0, -1, -1, -1, -1))
            .ropeOf(0)
            .freqScale());
    for (float bad : new float[] {-1, Float.NaN, 1e-9f, Float.POSITIVE_INFINITY}) {
      assertThrows(
          ModelException.class, () -> new ModelOptions.Rope(0, bad, null, 0, -1, -1, -1, -1));
    }
  }

  /** Options change the global layers of Gemma alone, as in llama.cpp. */
  @Test
  void layersWithAWindowKeepTheirRope() {
    Draft draft =
        new Draft("gemma3", 0)
            .put("gemma3.attention.sliding_window", 16)
            .put("gemma3.attention.sliding_window_pattern", 2)
            .put("gemma3.rope.freq_base", 1e6f)
            .put("gemma3.rope.scaling.factor", 8f)
            .rope(new ModelOptions.Rope(2e6f, 0.25f, null, 0, -1, -1, -1, -1));
    assertEquals(1e4f, draft.ropeOf(0).base());
    assertEquals(1, draft.ropeOf(0).freqScale());
    assertEquals(2e6f, draft.ropeOf(1).base());
    assertEquals(0.25f, draft.ropeOf(1).freqScale());
  }

  @Test
  void ropeFactorsOnlyWhereTheArchitectureHasThem() {
    Draft draft = llama().with("rope_freqs.weight", GgmlType.F32, 32);
    assertTrue(names(draft.graph()).contains("rope_freqs.weight"));
    Draft qwen = new Draft("qwen2", 0).with("rope_freqs.weight", GgmlType.F32, 32);
    assertTrue(!names(qwen.graph()).contains("rope_freqs.weight"));
    assertTrue(
        llama().with("rope_freqs.weight", GgmlType.F32, 31).refusal().contains("rope_freqs"));
  }

  private static Set<String> names(DecoderGraph graph) {
    Set<String> names = new HashSet<>();
    graph.stage(0, graph.layers(), true).weights().forEach(w -> names.add(w.name()));
    return names;
  }
}
