package dev.lamina.model;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.reference.ReferenceDevice;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.testing.Golden;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Logits of a tiny random model of each architecture against llama.cpp's. */
class ArchitecturesGoldenTest {
  private static final ModelOptions F32 = ModelOptions.DEFAULT.withKv(GgmlType.F32, GgmlType.F32);

  @ParameterizedTest
  @MethodSource("dev.lamina.testing.Golden#architectures")
  void logitsAreGolden(String name) {
    Golden reference = Golden.ofArchitecture(name);
    int[] prompt = reference.prompt();
    float[] golden = reference.logits();
    try (GgufFile file = GgufFile.open(reference.file())) {
      DecoderGraph model = Architectures.graph(file.metadata(), file::tensor, F32);
      double whole = error(file, model, new int[0], 256, prompt, prompt.length, golden);
      double cut = error(file, model, new int[] {1, model.layers()}, 4, prompt, 7, golden);
      double single = error(file, model, new int[] {1}, 3, prompt, 1, golden);
      System.out.printf(
          "%-22s one step %.2e, in steps of 7 over 3 stages %.2e, token by token %.2e%n",
          name, whole, cut, single);
      assertTrue(whole < 2e-4, "one step: " + whole);
      assertTrue(cut < 2e-4, "steps of 7: " + cut);
      assertTrue(single < 2e-4, "token by token: " + single);
    }
  }

  private static double error(
      GgufFile file,
      ModelGraph model,
      int[] cuts,
      int pageSize,
      int[] prompt,
      int stepLength,
      float[] golden) {
    try (StageRunner runner =
        new StageRunner(
            ReferenceDevice.create(), file, model, cuts, pageSize, stepLength, prompt.length)) {
      return Golden.relativeError(runner.run(prompt, stepLength), golden);
    }
  }
}
