package dev.lamina.model;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.reference.ReferenceDevice;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.testing.Golden;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Logits of a small trained model in many quantizations against llama.cpp's in float32. */
class DemoGoldenTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "F32",
        "Q8_0",
        "Q6_K",
        "Q4_K_M",
        "Q4_0",
        "Q2_K",
        "IQ4_XS",
        "IQ3_M",
        "IQ3_XXS-imatrix",
        "IQ2_XS-imatrix",
        "IQ1_M-imatrix"
      })
  void logitsAreGolden(String type) {
    Golden golden = Golden.ofDemo(type);
    try (GgufFile file = GgufFile.open(golden.file())) {
      ModelGraph graph =
          Architectures.graph(
              file.metadata(),
              file::tensor,
              ModelOptions.DEFAULT.withKv(GgmlType.F32, GgmlType.F32));
      try (StageRunner runner =
          new StageRunner(ReferenceDevice.create(), file, graph, new int[] {3}, 32, 61, 183)) {
        double error = Golden.relativeError(runner.run(golden.prompt(), 61), golden.logits());
        System.out.printf("demo %-16s %.2e%n", type, error);
        assertTrue(error < 2e-4, "relative error " + error);
      }
    }
  }
}
