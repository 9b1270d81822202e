package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lamina.gguf.GgmlType;
import dev.lamina.session.GenerateOptions;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.Model;
import dev.lamina.session.Perplexity;
import dev.lamina.session.Sampling;
import dev.lamina.session.Session;
import dev.lamina.session.Token;
import dev.lamina.testing.Shared;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The demo model through everything, on the CPU as it is: the greedy texts and the perplexities
 * that llama.cpp has. The built-in file is always tested, the other quantizations where the
 * reference data are at hand.
 */
class DemoModelGoldenTest {
  private static final LoadOptions OPTIONS =
      LoadOptions.DEFAULT.withContext(512).withOutputs(128).withKv(GgmlType.F32, GgmlType.F32);

  private static String text(String name) {
    try (InputStream in = DemoModelGoldenTest.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static JsonObject json(String name) {
    return JsonParser.parseString(text(name)).getAsJsonObject();
  }

  private static Path file(String name) {
    return name.equals("demo-Q8_0")
        ? DemoModel.file()
        : Shared.reference("demo-model").resolve(name + ".gguf");
  }

  static Stream<String> greedyFiles() {
    return json("greedy.json").keySet().stream();
  }

  /** By the kernels that the CPU device begins with, those that it ends with, and both. */
  @ParameterizedTest
  @ValueSource(strings = {"plain", "simd", "turns", "auto"})
  void greedyTextIsLlamaCppsWithAllKernels(String start) {
    String before = System.setProperty("lamina.cpu.start", start);
    try {
      greedyTextIsLlamaCpps("demo-Q8_0");
    } finally {
      if (before == null) {
        System.clearProperty("lamina.cpu.start");
      } else {
        System.setProperty("lamina.cpu.start", before);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("greedyFiles")
  void greedyTextIsLlamaCpps(String name) {
    JsonObject golden = json("greedy.json").getAsJsonObject(name);
    JsonArray ids = golden.getAsJsonArray("tokens");
    List<Integer> expected = new ArrayList<>();
    ids.forEach(id -> expected.add(id.getAsInt()));
    try (Model model = Model.load(file(name), OPTIONS);
        Session session = model.newSession()) {
      int[] prompt = model.tokenizer().encode(text("greedy-prompt.txt"), true, true);
      assertEquals(golden.get("prompt_tokens").getAsInt(), prompt.length);
      GenerateOptions greedy =
          GenerateOptions.DEFAULT.withSampling(Sampling.GREEDY).withMaxTokens(expected.size());
      List<Integer> actual = new ArrayList<>();
      StringBuilder said = new StringBuilder();
      for (Token token : session.generate(prompt, greedy)) {
        if (token.id() >= 0) {
          actual.add(token.id());
        }
        said.append(token.text());
      }
      assertEquals(expected, actual);
      assertEquals(golden.get("text").getAsString(), said.toString());
    }
  }

  static Stream<String> measuredFiles() {
    return json("perplexity.json").getAsJsonObject("files").keySet().stream();
  }

  /** Files of every quantization that is given, by their names in the reference data. */
  static Stream<String> perplexityFiles() {
    return measuredFiles()
        .filter(type -> type.equals("Q8_0") || Shared.has("demo-model/" + fileName(type)));
  }

  private static String fileName(String type) {
    return "demo-" + (type.equals("F32") ? "f32" : type) + ".gguf";
  }

  @ParameterizedTest
  @MethodSource("perplexityFiles")
  void perplexityIsLlamaCpps(String type) {
    JsonObject golden = json("perplexity.json").getAsJsonObject("files").getAsJsonObject(type);
    double expected = golden.get("perplexity").getAsDouble();
    Path file = file(fileName(type).replace(".gguf", ""));
    try (Model model = Model.load(file, OPTIONS);
        Session session = model.newSession()) {
      int[] tokens = model.tokenizer().encode(text("heldout.txt"), false, false);
      Perplexity measured = Perplexity.of(session, tokens, 256, -1);
      double difference = measured.perplexity() / expected - 1;
      System.out.printf(
          "perplexity %-16s %.4f, llama.cpp %.4f, %+.3f %%%n",
          type, measured.perplexity(), expected, 100 * difference);
      assertTrue(
          Math.abs(difference) < 0.002, type + ": " + measured + ", llama.cpp's is " + expected);
      assertEquals(golden.get("error").getAsDouble(), measured.error(), 0.05 * measured.error());
    }
  }

  @Test
  void embeddedModelHasItsCard() {
    String card = text("MODEL_CARD.md");
    assertTrue(card.contains("qwen2") && card.contains("Apache-2.0"), card);
  }
}
