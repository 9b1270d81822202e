package dev.lamina.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lamina.backend.reference.ReferenceDevice;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.testing.Shared;
import dev.lamina.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** 64 greedy tokens of the demo model in many quantizations, as llama.cpp picks them. */
class DemoGreedyTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "demo-f32",
        "demo-Q8_0",
        "demo-Q4_0",
        "demo-Q4_K_M",
        "demo-Q6_K",
        "demo-IQ4_XS",
        "demo-Q3_K_M",
        "demo-IQ3_M",
        "demo-Q2_K",
        "demo-IQ2_M-imatrix"
      })
  void textIsGolden(String name) throws IOException {
    Path folder = Shared.reference("demo-model");
    List<Integer> golden = golden(Files.readString(folder.resolve("greedy.json")), name);
    String prompt = Files.readString(folder.resolve("greedy-prompt.txt"));
    try (GgufFile file = GgufFile.open(folder.resolve(name + ".gguf"))) {
      ModelGraph model =
          Architectures.graph(
              file.metadata(),
              file::tensor,
              ModelOptions.DEFAULT.withKv(GgmlType.F32, GgmlType.F32));
      int[] tokens = Tokenizer.of(file.metadata()).encode(prompt, true, true);
      int length = tokens.length + golden.size();
      List<Integer> actual = new ArrayList<>();
      try (StageRunner runner =
          new StageRunner(
              ReferenceDevice.create(), file, model, new int[0], 32, tokens.length, length)) {
        float[] logits = runner.stepFrom(tokens.length - 1, tokens)[0];
        while (actual.size() < golden.size()) {
          int best = greatest(logits);
          actual.add(best);
          logits = runner.step(best)[0];
        }
      }
      assertEquals(golden, actual);
    }
  }

  private static int greatest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  private static List<Integer> golden(String json, String name) {
    Matcher matcher =
        Pattern.compile("\"" + name + "\":[^\\[]*\"tokens\":\\[([0-9,]*)]").matcher(json);
    assertEquals(true, matcher.find(), name);
    return Stream.of(matcher.group(1).split(",")).map(Integer::valueOf).toList();
  }
}
