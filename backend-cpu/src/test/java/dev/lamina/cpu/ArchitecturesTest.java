package dev.lamina.cpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.CpuMath;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.model.Architectures;
import dev.lamina.model.ModelGraph;
import dev.lamina.model.ModelOptions;
import dev.lamina.testing.Golden;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Logits of a tiny random model of each architecture against llama.cpp's. */
class ArchitecturesTest {
  private static final ModelOptions F32 = ModelOptions.DEFAULT.withKv(GgmlType.F32, GgmlType.F32);

  @ParameterizedTest
  @MethodSource("dev.lamina.testing.Golden#architectures")
  void logitsAreGoldenInPlainForm(String name) {
    logitsAreGolden(name, Start.PLAIN);
  }

  @ParameterizedTest
  @MethodSource("dev.lamina.testing.Golden#architectures")
  void logitsAreGolden(String name) {
    logitsAreGolden(name, Start.SIMD);
  }

  private static void logitsAreGolden(String name, Start start) {
    Golden golden = Golden.ofArchitecture(name);
    try (GgufFile file = GgufFile.open(golden.file());
        Device device = new CpuDevice(new DeviceOptions(2, true, CpuMath.F32), start)) {
      ModelGraph model = Architectures.graph(file.metadata(), file::tensor, F32);
      for (int step : new int[] {66, 33, 4, 1}) {
        int[] prompt = golden.prompt();
        ModelRunner runner = new ModelRunner(device, file, model, 16, step, prompt.length);
        double error = Golden.relativeError(runner.logits(prompt, step), golden.logits());
        assertTrue(error < 2e-4, name + " in steps of " + step + ": " + error);
      }
    }
  }
}
