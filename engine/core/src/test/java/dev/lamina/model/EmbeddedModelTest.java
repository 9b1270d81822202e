package dev.lamina.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.reference.ReferenceDevice;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.model.ModelGraph.AttentionGroup;
import dev.lamina.testing.Golden;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A tiny random gemma3 that is part of the repository, so that a fresh clone tests a whole model:
 * windows of 16 in all layers but the sixth, norms before and after the blocks and of single heads,
 * two rotary bases. The golden logits are llama.cpp's, in float32 from the same weights.
 */
class EmbeddedModelTest {
  private static final ModelOptions F32 = ModelOptions.DEFAULT.withKv(GgmlType.F32, GgmlType.F32);

  @ParameterizedTest(name = "cut before {0}, pages of {1}, steps of {2}")
  @CsvSource({"7, 256, 66", "5, 16, 33", "6, 4, 5", "1, 1, 1"})
  void logitsAreGolden(int cut, int pageSize, int stepLength) {
    int[] prompt = Golden.ints(resource("prompt.tokens.i32"));
    float[] golden = Golden.floats(resource("gemma3.logits.f32"));
    try (GgufFile file = GgufFile.open(resource("gemma3.gguf"))) {
      ModelGraph model = Architectures.graph(file.metadata(), file::tensor, F32);
      try (StageRunner runner =
          new StageRunner(
              ReferenceDevice.create(),
              file,
              model,
              new int[] {cut},
              pageSize,
              stepLength,
              prompt.length)) {
        double error = Golden.relativeError(runner.run(prompt, stepLength), golden);
        assertTrue(error < 2e-4, "relative error " + error);
      }
    }
  }

  /** How a model is cut into stages and its prompt into steps changes no bit on one device. */
  @Test
  void cutsChangeNothing() {
    int[] prompt = Golden.ints(resource("prompt.tokens.i32"));
    try (GgufFile file = GgufFile.open(resource("gemma3.gguf"))) {
      ModelGraph model = Architectures.graph(file.metadata(), file::tensor, F32);
      try (StageRunner whole =
              new StageRunner(ReferenceDevice.create(), file, model, new int[0], 256, 66, 66);
          StageRunner cut =
              new StageRunner(ReferenceDevice.create(), file, model, new int[] {2, 4}, 8, 11, 66)) {
        float[][] expected = whole.run(prompt, 66);
        float[][] actual = cut.run(prompt, 11);
        for (int i = 0; i < prompt.length; i++) {
          assertArrayEquals(expected[i], actual[i]);
        }
      }
    }
  }

  /** Keys and values in fewer bits cost accuracy, each type about what its rounding costs. */
  @ParameterizedTest
  @CsvSource({"F16, 1e-3", "BF16, 1e-2", "Q8_0, 1e-2", "Q4_0, 2e-1"})
  void keysAndValuesInOtherTypes(GgmlType type, double bound) {
    int[] prompt = Golden.ints(resource("prompt.tokens.i32"));
    float[] golden = Golden.floats(resource("gemma3.logits.f32"));
    try (GgufFile file = GgufFile.open(resource("gemma3.gguf"))) {
      ModelGraph model =
          Architectures.graph(
              file.metadata(), file::tensor, ModelOptions.DEFAULT.withKv(type, type));
      try (StageRunner runner =
          new StageRunner(ReferenceDevice.create(), file, model, new int[0], 16, 22, 66)) {
        double error = Golden.relativeError(runner.run(prompt, 22), golden);
        System.out.printf("keys and values in %s: %.2e%n", type, error);
        assertTrue(error < bound, "relative error " + error);
      }
    }
  }

  @Test
  void configuration() {
    try (GgufFile file = GgufFile.open(resource("gemma3.gguf"))) {
      DecoderGraph model = Architectures.graph(file.metadata(), file::tensor, F32);
      ModelConfig config = model.config();
      assertEquals(7, model.layers());
      assertEquals(256, model.width());
      assertEquals(1024, model.vocabulary());
      assertEquals(List.of(new AttentionGroup(0), new AttentionGroup(16)), model.groups());
      assertEquals(0, config.group(5));
      assertEquals(1, config.group(6));
      assertEquals(16, config.embeddingScale());
      assertEquals(0.125f, config.attentionScale());
      assertEquals(1e6f, config.ropeSpec(5, null).base());
      assertEquals(0.125f, config.ropeSpec(5, null).freqScale());
      assertEquals(1e4f, config.ropeSpec(0, null).base());
      assertEquals(1, config.ropeSpec(0, null).freqScale());
    }
  }

  private static Path resource(String name) {
    try {
      return Path.of(EmbeddedModelTest.class.getResource(name).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }
}
