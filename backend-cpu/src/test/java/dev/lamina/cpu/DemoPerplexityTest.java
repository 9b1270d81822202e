package dev.lamina.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.gguf.GgufFile;
import dev.lamina.model.Architectures;
import dev.lamina.model.ModelGraph;
import dev.lamina.model.ModelOptions;
import dev.lamina.model.Perplexity;
import dev.lamina.model.StageRunner;
import dev.lamina.testing.Shared;
import dev.lamina.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Perplexity of the demo model against llama.cpp's, within 0.2 %: of two quantizations, and with
 * {@code -Dlamina.perplexity=all} of every one at hand, which takes minutes.
 */
class DemoPerplexityTest {
  private static final int CONTEXT = 256;
  private static final Set<String> USUAL = Set.of("Q4_K_M", "IQ2_XS-imatrix");

  @ParameterizedTest
  @MethodSource("files")
  void perplexityIsThatOfLlamaCpp(String type) throws IOException {
    Path folder = Shared.reference("demo-model");
    double golden = golden(folder).get(type);
    String text = Files.readString(folder.resolve("heldout.txt"));
    try (GgufFile file = GgufFile.open(folder.resolve(fileName(type)));
        Device device =
            new CpuBackendProvider().discover(DeviceOptions.DEFAULT).devices().getFirst()) {
      ModelGraph model = Architectures.graph(file.metadata(), file::tensor, ModelOptions.DEFAULT);
      int[] tokens = Tokenizer.of(file.metadata()).encode(text, true, false);
      try (StageRunner runner =
          new StageRunner(device, file, model, new int[0], 64, CONTEXT, CONTEXT)) {
        double actual = Perplexity.of(runner, tokens, CONTEXT);
        System.out.printf(
            "demo %-16s perplexity %.4f, llama.cpp's %.4f: %+.3f %%%n",
            type, actual, golden, 100 * (actual / golden - 1));
        assertEquals(golden, actual, 0.002 * golden);
      }
    }
  }

  static Stream<String> files() throws IOException {
    Path folder = Shared.reference("demo-model");
    boolean all = "all".equals(System.getProperty("lamina.perplexity"));
    return golden(folder).keySet().stream()
        .filter(type -> all || USUAL.contains(type))
        .filter(type -> Files.exists(folder.resolve(fileName(type))));
  }

  private static String fileName(String type) {
    return "demo-" + (type.equals("F32") ? "f32" : type) + ".gguf";
  }

  private static Map<String, Double> golden(Path folder) throws IOException {
    Matcher matcher =
        Pattern.compile("\"([A-Z0-9_]+(?:-imatrix)?)\": \\{[^}]*\"perplexity\": ([0-9.]+)")
            .matcher(Files.readString(folder.resolve("perplexity.json")));
    Map<String, Double> all = new TreeMap<>();
    while (matcher.find()) {
      all.put(matcher.group(1), Double.valueOf(matcher.group(2)));
    }
    return all;
  }
}
