package dev.lamina.model.synthetic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.model.Architectures;
import dev.lamina.model.DecoderGraph;
import dev.lamina.model.ModelException;
import dev.lamina.model.ModelOptions;
import dev.lamina.model.TensorCatalog;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class SyntheticModelTest {
  /**
   * Every tensor's type, and the size, as llama-quantize makes them (324 combinations). The models
   * that it was given had no biases, no norms of single heads and none after the blocks.
   */
  @ParameterizedTest
  @MethodSource("mixes")
  void mixesLikeLlamaQuantize(String line) {
    String[] words = line.split(" ");
    SyntheticModel model = SyntheticModel.of(words[0], "mix:" + words[1]);
    long bytes =
        model.tensors().stream()
            .filter(t -> !t.name().matches(".*(bias|post_.*|_[qk]_norm.weight)"))
            .mapToLong(TensorInfo::bytes)
            .sum();
    assertEquals(Double.parseDouble(words[2]), bytes / 1024.0 / 1024, 0.0051, words[1]);
    Map<String, GgmlType> actual = new HashMap<>();
    model.tensors().forEach(t -> actual.put(t.name(), t.type()));
    for (int i = 3; i < words.length; i++) {
      String[] entry = words[i].split("[=:]");
      GgmlType type = GgmlType.valueOf(entry[1]);
      if (entry[0].equals("token_embd") || entry[0].equals("output")) {
        assertEquals(type, actual.get(entry[0] + ".weight"), words[i]);
        continue;
      }
      for (int layer : layers(entry, model.shape().nLayer())) {
        String name = "blk." + layer + "." + entry[0] + ".weight";
        assertEquals(type, actual.get(name), line.substring(0, 30) + " " + name);
      }
    }
  }

  static Stream<String> mixes() throws IOException {
    try (InputStream in = SyntheticModelTest.class.getResourceAsStream("quant-mixes.txt")) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return text.lines().filter(line -> !line.startsWith("#")).toList().stream();
    }
  }

  private static List<Integer> layers(String[] entry, int all) {
    if (entry.length < 3) {
      return Stream.iterate(0, i -> i + 1).limit(all).toList();
    }
    return Stream.of(entry[2].split(","))
        .flatMap(
            range -> {
              String[] ends = range.split("-");
              int first = Integer.parseInt(ends[0]);
              int last = Integer.parseInt(ends[ends.length - 1]);
              return Stream.iterate(first, i -> i + 1).limit(last - first + 1);
            })
        .toList();
  }

  /** Parameters in billions as the publishers give them. */
  @ParameterizedTest
  @CsvSource({
    "llama-1b, 1.24",
    "llama-3b, 3.21",
    "llama-8b, 8.03",
    "llama-70b, 70.55",
    "tinyllama-1b, 1.10",
    "mistral-7b, 7.24",
    "mixtral-8x7b, 46.70",
    "qwen2-0.5b, 0.49",
    "qwen2-1.5b, 1.54",
    "qwen2-7b, 7.62",
    "qwen1.5-moe-a2.7b, 14.32",
    "qwen2-57b-a14b, 57.41",
    "qwen3-0.6b, 0.60",
    "qwen3-1.7b, 1.72",
    "qwen3-4b, 4.02",
    "qwen3-8b, 8.19",
    "qwen3-30b-a3b, 30.53",
    "gemma2-2b, 2.61",
    "gemma3-1b, 1.00",
    "gemma3-4b, 3.88",
    "gemma3-12b, 11.77",
    "gemma3-27b, 27.01"
  })
  void parametersAreThePublishers(String shape, double billions) {
    long parameters =
        SyntheticModel.of(shape, "Q8_0").tensors().stream().mapToLong(TensorInfo::elements).sum();
    assertEquals(billions, parameters / 1e9, 0.006);
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void everyShapeMakesAGraph(String shape) {
    SyntheticModel model = SyntheticModel.of(shape, "Q4_K_M");
    DecoderGraph graph =
        Architectures.graph(
            model.metadata(), TensorCatalog.of(model.tensors()), ModelOptions.DEFAULT);
    assertEquals(model.shape().nLayer(), graph.layers());
    assertEquals(model.shape().nEmbd(), graph.width());
    assertEquals(model.shape().nVocab(), graph.vocabulary());
    assertEquals(model.shape().window() > 0 ? 2 : 1, graph.groups().size());
  }

  @Test
  void vocabularyHasNoTokenTwice() {
    SyntheticModel model = SyntheticModel.of("llama-1b", "Q8_0");
    List<String> tokens = model.metadata().strings("tokenizer.ggml.tokens");
    assertEquals(128256, tokens.size());
    assertEquals(128256, new HashSet<>(tokens).size());
    assertEquals("Ġ", tokens.get(' '));
    assertEquals(128256, model.metadata().integers("tokenizer.ggml.token_type").length);
  }

  static List<String> shapes() {
    return SyntheticShape.names();
  }

  @Test
  void oneTypeForAllMatricesFallsBackWhereRowsDoNotDivide() {
    SyntheticModel model = SyntheticModel.of("qwen2-0.5b", "q4_k");
    for (TensorInfo t : model.tensors()) {
      GgmlType expected =
          t.shape().length < 2
              ? GgmlType.F32
              : t.shape()[0] % 256 == 0 ? GgmlType.Q4_K : GgmlType.Q5_0;
      assertEquals(expected, t.type(), t.name());
    }
    assertTrue(
        SyntheticModel.of("llama-1b", "IQ2_XXS").tensors().stream()
            .allMatch(t -> t.type() == GgmlType.IQ2_XXS || t.type() == GgmlType.F32));
  }

  @Test
  void tensorsDoNotOverlap() {
    long end = 0;
    for (TensorInfo t : SyntheticModel.of("mixtral-8x7b", "Q4_0").tensors()) {
      assertTrue(t.offset() >= end && t.offset() % SyntheticModel.ALIGNMENT == 0, t.name());
      end = t.offset() + t.bytes();
    }
  }

  @Test
  void unknownNamesListTheKnown() {
    String shape =
        assertThrows(ModelException.class, () -> SyntheticModel.of("llama-2b", "Q8_0"))
            .getMessage();
    assertTrue(shape.contains("'llama-2b'") && shape.contains("qwen2-1.5b"), shape);
    String type =
        assertThrows(ModelException.class, () -> SyntheticModel.of("llama-1b", "Q4_K_X"))
            .getMessage();
    assertTrue(type.contains("'Q4_K_X'"), type);
  }
}
