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
import dev.lamina.testing.Shared;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Logits of a tiny random model of each architecture against llama.cpp's. */
class ArchitecturesTest {
  private static final ModelOptions F32 = ModelOptions.DEFAULT.withKv(GgmlType.F32, GgmlType.F32);

  @ParameterizedTest
  @MethodSource("models")
  void logitsAreGoldenInPlainForm(String name) throws IOException {
    logitsAreGolden(name, Start.PLAIN);
  }

  @ParameterizedTest
  @MethodSource("models")
  void logitsAreGolden(String name) throws IOException {
    logitsAreGolden(name, Start.SIMD);
  }

  static List<String> models() {
    return List.of(
        "llama",
        "llama31-rope-factors",
        "mixtral-moe",
        "qwen2",
        "qwen2-yarn",
        "qwen2moe",
        "qwen3",
        "qwen3moe",
        "gemma2",
        "gemma3");
  }

  private static void logitsAreGolden(String name, Start start) throws IOException {
    Path folder = Shared.reference("architectures");
    int[] prompt = new int[66];
    bytes(folder.resolve("prompt.tokens.i32")).asIntBuffer().get(prompt);
    float[] golden = new float[66 * 1024];
    bytes(folder.resolve(name + ".logits.f32")).asFloatBuffer().get(golden);
    try (GgufFile file = GgufFile.open(folder.resolve(name + ".gguf"));
        Device device = new CpuDevice(new DeviceOptions(2, true, CpuMath.F32), start)) {
      ModelGraph model = Architectures.graph(file.metadata(), file::tensor, F32);
      for (int step : new int[] {66, 33, 4, 1}) {
        float[] logits = new ModelRunner(device, file, model, 16, step, 66).logits(prompt, step);
        double error = relativeError(logits, golden);
        assertTrue(error < 2e-4, name + " in steps of " + step + ": " + error);
      }
    }
  }

  private static ByteBuffer bytes(Path path) throws IOException {
    return ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static double relativeError(float[] actual, float[] expected) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += Math.pow(actual[i] - expected[i], 2);
      size += Math.pow(expected[i], 2);
    }
    return Math.sqrt(difference / size);
  }
}
