package dev.lamina.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.RopeSpec;
import dev.lamina.gguf.GgmlType;
import dev.lamina.model.ModelGraph.AttentionGroup;
import dev.lamina.model.synthetic.SyntheticModel;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Sliding windows and rotary embeddings as files and options say. */
class WindowsAndRopeTest {
  @Test
  void windowPatterns() {
    ModelDraft draft = new ModelDraft("gemma2", 0).put("gemma2.attention.sliding_window", 32);
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
        ModelDraft.llama().put("llama.attention.sliding_window", 4096).graph().groups());
  }

  private static List<Integer> windows(ModelDraft draft) {
    return draft.graph().config().layers().stream().map(ModelConfig.Layer::window).toList();
  }

  @Test
  void gemmaDefaultsAndRulesBySize() {
    ModelConfig gemma2 = new ModelDraft("gemma2", 0).graph().config();
    assertEquals(List.of(0, 4096), gemma2.windows());
    assertEquals(50, gemma2.attentionSoftCap());
    assertEquals(30, gemma2.finalSoftCap());
    ModelConfig gemma3 = new ModelDraft("gemma3", 0).graph().config();
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
        ModelDraft.llama().ropeOf(0));
    assertEquals(RopeSpec.Pairing.HALVES, new ModelDraft("qwen2", 0).ropeOf(0).pairing());
    assertEquals(
        0.25f, ModelDraft.llama().put("llama.rope.scaling.factor", 4f).ropeOf(0).freqScale());
    assertEquals(0.5f, ModelDraft.llama().put("llama.rope.scale_linear", 2f).ropeOf(0).freqScale());
    assertEquals(
        1,
        ModelDraft.llama()
            .put("llama.rope.scaling.factor", 4f)
            .put("llama.rope.scaling.type", "none")
            .ropeOf(0)
            .freqScale());
    assertEquals(32, ModelDraft.llama().put("llama.rope.dimension_count", 32).ropeOf(0).dims());
    RopeSpec yarn =
        ModelDraft.llama()
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
    ModelDraft draft =
        ModelDraft.llama()
            .put("llama.rope.scaling.factor", 4f)
            .rope(new ModelOptions.Rope(5e5f, 0.5f, RopeScaling.YARN, 2048, 0.75f, 2, 16, 2));
    assertEquals(
        new RopeSpec(64, 64, RopeSpec.Pairing.ADJACENT, 5e5f, 0.5f, 0.75f, 2, 16, 2, 2048, null),
        draft.ropeOf(0));
    draft.rope(new ModelOptions.Rope(0, 0, RopeScaling.NONE, 0, -1, -1, -1, -1));
    assertEquals(1, draft.ropeOf(0).freqScale());
    assertEquals(
        1f,
        ModelDraft.llama()
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
    ModelDraft draft =
        new ModelDraft("gemma3", 0)
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
    ModelDraft draft = ModelDraft.llama().with("rope_freqs.weight", GgmlType.F32, 32);
    assertTrue(ModelDraft.names(draft.graph()).contains("rope_freqs.weight"));
    ModelDraft qwen = new ModelDraft("qwen2", 0).with("rope_freqs.weight", GgmlType.F32, 32);
    assertTrue(!ModelDraft.names(qwen.graph()).contains("rope_freqs.weight"));
    assertTrue(
        ModelDraft.llama()
            .with("rope_freqs.weight", GgmlType.F32, 31)
            .refusal()
            .contains("rope_freqs"));
  }
}
