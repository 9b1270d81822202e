package dev.lamina.model;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.backend.RopeSpec;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.Metadata;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.model.synthetic.SyntheticModel;
import dev.lamina.model.synthetic.SyntheticShape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** A model whose keys and tensors a test can change. */
final class ModelDraft {
  final Map<String, Object> keys = new TreeMap<>();
  final List<TensorInfo> tensors = new ArrayList<>();
  ModelOptions options = ModelOptions.DEFAULT;

  ModelDraft(String architecture, int experts) {
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

  ModelDraft put(String key, Object value) {
    keys.put(key, value);
    return this;
  }

  ModelDraft remove(String key) {
    keys.remove(key);
    return this;
  }

  ModelDraft without(String tensor) {
    assertTrue(tensors.removeIf(t -> t.name().equals(tensor)), tensor);
    return this;
  }

  ModelDraft with(String tensor, GgmlType type, long... shape) {
    tensors.removeIf(t -> t.name().equals(tensor));
    tensors.add(new TensorInfo(tensor, type, shape, 0, 0));
    return this;
  }

  ModelDraft rope(ModelOptions.Rope rope) {
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

  static ModelDraft llama() {
    return new ModelDraft("llama", 0);
  }

  /** The names of all tensors that the graph reads. */
  static Set<String> names(DecoderGraph graph) {
    Set<String> names = new HashSet<>();
    graph.stage(0, graph.layers(), true).weights().forEach(w -> names.add(w.name()));
    return names;
  }
}
