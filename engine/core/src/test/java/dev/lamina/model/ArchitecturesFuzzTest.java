package dev.lamina.model;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.Metadata;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.model.synthetic.SyntheticModel;
import dev.lamina.model.synthetic.SyntheticShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random keys and tensor tables end in a graph or in our own exception, never in another. */
class ArchitecturesFuzzTest {
  private static final Object[] VALUES = {
    0,
    1,
    2,
    3,
    7,
    16,
    46,
    62,
    64,
    255,
    1 << 20,
    Integer.MAX_VALUE,
    -1,
    1L << 40,
    Long.MIN_VALUE,
    0f,
    1f,
    -1f,
    1e-30f,
    1e30f,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    1e300,
    true,
    "yarn",
    "",
    "x",
    List.of(),
    new int[] {1, 2, 3, 4},
    new int[] {0, 0, 0, 0},
    new float[] {1, 2},
    new boolean[] {true, false, true, false},
    List.of("a", "b", "c", "d"),
  };

  private static final String[] MORE_KEYS = {
    "attention.sliding_window",
    "attention.sliding_window_pattern",
    "rope.freq_base_swa",
    "rope.scaling.type",
    "rope.scaling.factor",
    "rope.scaling.attn_factor",
    "rope.scale_linear",
    "rope.scaling.original_context_length",
    "rope.dimension_count",
    "expert_count",
    "expert_used_count",
    "expert_feed_forward_length",
    "expert_shared_feed_forward_length",
    "expert_weights_scale",
    "attn_logit_softcapping",
    "final_logit_softcapping",
  };

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2", "qwen2moe", "qwen3", "qwen3moe", "gemma2", "gemma3"})
  void onlyOurOwnExceptions(String architecture) {
    int experts = architecture.endsWith("moe") ? 4 : 0;
    SyntheticModel model =
        SyntheticModel.of(
            new SyntheticShape(
                "tiny",
                architecture,
                4,
                64,
                4,
                2,
                16,
                96,
                300,
                1024,
                1e4f,
                1,
                false,
                0,
                experts,
                experts == 0 ? 0 : 2),
            "Q8_0");
    Map<String, Object> keys = new TreeMap<>(model.keys());
    keys.keySet().removeIf(key -> key.startsWith("tokenizer."));
    List<String> names = new ArrayList<>(keys.keySet());
    for (String key : MORE_KEYS) {
      names.add(architecture + "." + key);
    }
    Random random = new Random(architecture.hashCode());
    int graphs = 0;
    int refusals = 0;
    for (int i = 0; i < 1000; i++) {
      Map<String, Object> mutated = new TreeMap<>(keys);
      List<TensorInfo> tensors = new ArrayList<>(model.tensors());
      for (int n = random.nextInt(3); n >= 0; n--) {
        if (random.nextInt(4) > 0) {
          String key = names.get(random.nextInt(names.size()));
          if (random.nextInt(8) == 0) {
            mutated.remove(key);
          } else {
            mutated.put(key, VALUES[random.nextInt(VALUES.length)]);
          }
        } else {
          mutate(tensors, random);
        }
      }
      try {
        DecoderGraph graph =
            Architectures.graph(
                Metadata.of("m.gguf", mutated), TensorCatalog.of(tensors), ModelOptions.DEFAULT);
        graph.stage(graph.layers(), graph.layers(), true);
        graphs++;
      } catch (LaminaException e) {
        assertTrue(e.getMessage().startsWith("m.gguf: "), e.getMessage());
        refusals++;
      }
    }
    assertTrue(graphs > 100 && refusals > 300, graphs + " graphs, " + refusals + " refusals");
  }

  private static void mutate(List<TensorInfo> tensors, Random random) {
    int at = random.nextInt(tensors.size());
    TensorInfo t = tensors.remove(at);
    long[] shape =
        switch (random.nextInt(5)) {
          case 0 -> new long[] {0};
          case 1 -> new long[] {random.nextInt(300), random.nextInt(300)};
          case 2 -> new long[] {1L << 40, 1L << 40, 1, 1};
          case 3 -> t.shape();
          default -> new long[] {64, 64, 4, 2};
        };
    GgmlType[] types = GgmlType.values();
    if (random.nextInt(5) > 0) {
      tensors.add(
          new TensorInfo(t.name(), types[random.nextInt(types.length)], shape, 0, t.offset()));
    }
  }
}
