package dev.lamina.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.Graph;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.GgmlType;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Graphs and refusals, on tensor tables without data. */
class ArchitecturesTest {
  @Test
  void unknownArchitectureIsRefusedWithTheListOfKnown() {
    assertEquals(
        "m.gguf: the architecture 'mamba' is not among those that Lamina runs:"
            + " gemma2, gemma3, llama, qwen2, qwen2moe, qwen3, qwen3moe",
        ModelDraft.llama().put("general.architecture", "mamba").refusal());
    String control =
        ModelDraft.llama().put("general.architecture", "a\u001b[31m" + "x".repeat(99)).refusal();
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
      String message = ModelDraft.llama().without(name).refusal();
      assertTrue(message.contains("tensor " + name), message);
      assertTrue(message.contains("missing"), message);
    }
  }

  @Test
  void wrongShapeIsToldWithBothShapes() {
    String message =
        ModelDraft.llama().with("blk.1.attn_k.weight", GgmlType.Q8_0, 256, 256).refusal();
    assertEquals(
        "m.gguf: tensor blk.1.attn_k.weight has the shape 256 x 256 where the hyper-parameters ask"
            + " for 256 x 128; the file is badly converted: convert or download it again",
        message);
    assertTrue(
        ModelDraft.llama().with("output_norm.weight", GgmlType.F32, 255).refusal().contains("255"));
    assertTrue(
        ModelDraft.llama()
            .with("blk.0.attn_q.bias", GgmlType.F32, 7)
            .refusal()
            .contains("attn_q.bias"));
    assertTrue(
        ModelDraft.llama()
            .with("output.weight", GgmlType.I32, 256, 300)
            .refusal()
            .contains("as I32"));
  }

  @Test
  void oldExpertTensorsAndJoinedQkvAreRefusedWithAdvice() {
    ModelDraft mixtral = new ModelDraft("llama", 4);
    mixtral.without("blk.0.ffn_gate_exps.weight");
    mixtral.with("blk.0.ffn_gate.0.weight", GgmlType.Q8_0, 256, 512);
    assertTrue(mixtral.refusal().contains("each expert in a tensor of its own"));
    ModelDraft joined = ModelDraft.llama().without("blk.0.attn_q.weight");
    joined.with("blk.0.attn_qkv.weight", GgmlType.Q8_0, 256, 512);
    assertTrue(joined.refusal().contains("joins queries, keys and values"));
  }

  @Test
  void extraTensorsAreFine() {
    ModelDraft draft = ModelDraft.llama().with("blk.0.something.else", GgmlType.F32, 5);
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
    String message = ModelDraft.llama().put("llama." + key, value).refusal();
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
    String message = ModelDraft.llama().put("llama." + key, value).refusal();
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
    String message = ModelDraft.llama().remove("llama." + key).refusal();
    assertTrue(message.contains("llama." + key), message);
  }

  @Test
  void valuesOfTheWrongKind() {
    assertTrue(
        ModelDraft.llama()
            .put("llama.block_count", "four")
            .refusal()
            .contains("llama.block_count"));
    assertTrue(
        ModelDraft.llama().put("llama.rope.freq_base", "x").refusal().contains("rope.freq_base"));
    assertTrue(
        ModelDraft.llama()
            .put("general.architecture", 7)
            .refusal()
            .contains("general.architecture"));
    String scaling = ModelDraft.llama().put("llama.rope.scaling.type", "longrope").refusal();
    assertTrue(scaling.contains("longrope") && scaling.contains("--rope-scaling"), scaling);
    assertTrue(
        ModelDraft.llama()
            .put("llama.attention.head_count", new int[] {4, 4})
            .refusal()
            .contains("2 entries for 4 layers"));
  }

  @Test
  void experts() {
    assertTrue(
        new ModelDraft("llama", 4)
            .put("llama.expert_used_count", 5)
            .refusal()
            .contains("used_count"));
    assertTrue(
        new ModelDraft("llama", 4)
            .remove("llama.expert_used_count")
            .refusal()
            .contains("used_count"));
    assertTrue(
        new ModelDraft("qwen3moe", 4)
            .remove("qwen3moe.expert_count")
            .refusal()
            .contains("expert_co"));
    ModelConfig.Experts e = new ModelDraft("qwen3moe", 4).graph().config().experts();
    assertEquals(new ModelConfig.Experts(4, 2, 512, 0, 1), e);
    ModelDraft scaled = new ModelDraft("qwen3moe", 4).put("qwen3moe.expert_weights_scale", 2.5f);
    assertEquals(2.5f, scaled.graph().config().experts().weightsScale());
  }

  @Test
  void layersMayDiffer() {
    ModelDraft draft = ModelDraft.llama().put("llama.attention.head_count", new int[] {4, 4, 8, 4});
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
    ModelDraft draft = ModelDraft.llama().put("llama.vocab_size", 1_000_000_000);
    assertEquals(300, draft.graph().vocabulary());
    draft.with("token_embd.weight", GgmlType.Q8_0, 256, 1L << 40);
    assertTrue(draft.refusal().contains("no size of a vocabulary"));
  }

  @Test
  void tiedOutputIsTheEmbeddingAsAMatrix() {
    Graph graph = ModelDraft.llama().without("output.weight").graph().stage(4, 4, true);
    TensorSpec matrix = TensorSpec.matrix("token_embd.weight", GgmlType.Q8_0, 256, 300);
    assertTrue(graph.weights().contains(matrix));
    assertEquals(Set.of(Output.LOGITS, Output.GREEDY), graph.outputs().keySet());
  }

  @Test
  void biasesAreUsedWhereTheFileHasThem() {
    ModelDraft draft = ModelDraft.llama().with("blk.1.attn_output.bias", GgmlType.F32, 256);
    draft.with("blk.1.ffn_up.bias", GgmlType.F32, 512).with("output.bias", GgmlType.F32, 300);
    Set<String> names = new HashSet<>();
    draft.graph().stage(0, 4, true).weights().forEach(w -> names.add(w.name()));
    assertTrue(
        names.containsAll(Set.of("blk.1.attn_output.bias", "blk.1.ffn_up.bias", "output.bias")));
  }

  @Test
  void stagesTogetherAreTheWhole() {
    DecoderGraph model = new ModelDraft("qwen2", 0).graph();
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
    DecoderGraph model = ModelDraft.llama().graph();
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
    ModelDraft draft = ModelDraft.llama();
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
}
