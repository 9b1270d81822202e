package dev.lamina.model;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.reference.ReferenceDevice;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.testing.Shared;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Logits of a small trained model in many quantizations against llama.cpp's in float32. */
class DemoGoldenTest {
  @ParameterizedTest
  @CsvSource({
    "f32, F32",
    "Q8_0, Q8_0",
    "Q6_K, Q6_K",
    "Q4_K_M, Q4_K_M",
    "Q4_0, Q4_0",
    "Q2_K, Q2_K",
    "IQ4_XS, IQ4_XS",
    "IQ3_M, IQ3_M",
    "IQ3_XXS-imatrix, IQ3_XXS-imatrix",
    "IQ2_XS-imatrix, IQ2_XS-imatrix",
    "IQ1_M-imatrix, IQ1_M-imatrix"
  })
  void logitsAreGolden(String model, String logits) {
    Path folder = Shared.reference("demo-model");
    int[] prompt = Golden.ints(folder.resolve("prompt.tokens.i32"));
    float[] golden = Golden.floats(folder.resolve(logits + ".logits.f32"));
    try (GgufFile file = GgufFile.open(folder.resolve("demo-" + model + ".gguf"))) {
      ModelGraph graph =
          Architectures.graph(
              file.metadata(),
              file::tensor,
              ModelOptions.DEFAULT.withKv(GgmlType.F32, GgmlType.F32));
      try (StageRunner runner =
          new StageRunner(ReferenceDevice.create(), file, graph, new int[] {3}, 32, 61, 183)) {
        double error = Golden.relativeError(runner.run(prompt, 61), golden);
        System.out.printf("demo %-16s %.2e%n", model, error);
        assertTrue(error < 2e-4, "relative error " + error);
      }
    }
  }
}
