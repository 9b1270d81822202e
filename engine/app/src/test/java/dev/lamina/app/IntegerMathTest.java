package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lamina.backend.CpuMath;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.gguf.GgmlType;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.Model;
import dev.lamina.session.Session;
import dev.lamina.testing.Shared;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What rounding activations to 8 bits costs, on the demo model. */
class IntegerMathTest {
  private static final int CONTEXT = 256;

  /** Windows of the text that are measured. */
  private static final int WINDOWS = 12;

  private static final LoadOptions OPTIONS =
      LoadOptions.DEFAULT.withContext(512).withOutputs(128).withKv(GgmlType.F32, GgmlType.F32);

  private static String text(String name) {
    try (InputStream in = IntegerMathTest.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static JsonObject json(String name) {
    return JsonParser.parseString(text(name)).getAsJsonObject();
  }

  private static Model load(String name, CpuMath math) {
    Path file =
        name.equals("Q8_0")
            ? DemoModel.file()
            : Shared.reference("demo-model").resolve("demo-" + name + ".gguf");
    return Model.load(file, OPTIONS.withDevices(new DeviceOptions(2, true, math)));
  }

  /** Log-probabilities of the second half of each window at the beginning of the held-out text. */
  private static List<float[]> logProbabilities(String name, CpuMath math) {
    List<float[]> all = new ArrayList<>();
    try (Model model = load(name, math);
        Session session = model.newSession()) {
      int[] tokens = model.tokenizer().encode(text("heldout.txt"), false, false);
      for (int start = 0; start < WINDOWS * CONTEXT; start += CONTEXT) {
        session.evaluate(
            Arrays.copyOfRange(tokens, start, start + CONTEXT),
            CONTEXT / 2,
            (row, logits) -> {
              if (row + 1 < CONTEXT) {
                all.add(normalise(logits));
              }
            });
      }
    }
    return all;
  }

  private static float[] normalise(float[] logits) {
    double most = Float.NEGATIVE_INFINITY;
    for (float logit : logits) {
      most = Math.max(most, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - most);
    }
    float[] log = new float[logits.length];
    for (int i = 0; i < log.length; i++) {
      log[i] = (float) (logits[i] - most - Math.log(sum));
    }
    return log;
  }

  /** The mean of the divergences of {@code other} from {@code base}. */
  private static double divergence(List<float[]> base, List<float[]> other) {
    double sum = 0;
    for (int i = 0; i < base.size(); i++) {
      float[] p = base.get(i);
      float[] q = other.get(i);
      for (int v = 0; v < p.length; v++) {
        sum += Math.exp(p[v]) * (p[v] - q[v]);
      }
    }
    return sum / base.size();
  }

  private static double perplexity(List<float[]> logs, int[] next) {
    double sum = 0;
    for (int i = 0; i < next.length; i++) {
      sum -= logs.get(i)[next[i]];
    }
    return Math.exp(sum / next.length);
  }

  /** Files of every quantization that is given. */
  static Stream<String> files() {
    return json("perplexity.json").getAsJsonObject("files").keySet().stream()
        .filter(type -> !type.matches("B?F(16|32)"))
        .filter(type -> type.equals("Q8_0") || Shared.has("demo-model/demo-" + type + ".gguf"));
  }

  /**
   * llama.cpp's divergence of the Q8_0 file, 1.2e-5, is the smallest that it has, and two thirds of
   * it come from its own rounding of activations, the same as here: that is what no type may
   * exceed.
   */
  @ParameterizedTest
  @MethodSource("files")
  void costsLessThanWhatRoundingWeightsTo8BitsDoes(String type) {
    List<float[]> exact = logProbabilities(type, CpuMath.F32);
    List<float[]> rounded = logProbabilities(type, CpuMath.I8);
    int[] next;
    try (Model model = load(type, CpuMath.F32)) {
      int[] tokens = model.tokenizer().encode(text("heldout.txt"), false, false);
      next =
          IntStream.range(0, WINDOWS * CONTEXT)
              .filter(i -> i % CONTEXT > CONTEXT / 2)
              .map(i -> tokens[i])
              .toArray();
    }
    assertEquals(next.length, exact.size());
    double divergence = divergence(exact, rounded);
    double change = perplexity(rounded, next) / perplexity(exact, next) - 1;
    System.out.printf(
        "8-bit activations, %-16s divergence %.2e, perplexity %+.4f %%%n",
        type, divergence, 100 * change);
    double limit =
        json("perplexity.json")
            .getAsJsonObject("files")
            .getAsJsonObject("Q8_0")
            .get("mean_kl_divergence")
            .getAsDouble();
    assertTrue(divergence < limit, type + ": divergence " + divergence);
    assertTrue(Math.abs(change) < 0.001, type + ": perplexity changes by " + change);
  }

  static Stream<String> greedyFiles() {
    return json("greedy.json").keySet().stream()
        .map(name -> name.substring("demo-".length()))
        .filter(type -> type.equals("Q8_0") || Shared.has("demo-model/demo-" + type + ".gguf"));
  }

  /**
   * llama.cpp rounds activations in the same way: with its text before it, Lamina goes on alike.
   */
  @ParameterizedTest
  @MethodSource("greedyFiles")
  void greedyChoicesAreThoseOfLlamaCpp(String type) {
    JsonArray ids = json("greedy.json").getAsJsonObject("demo-" + type).getAsJsonArray("tokens");
    int[] golden = new int[ids.size()];
    Arrays.setAll(golden, i -> ids.get(i).getAsInt());
    int[] choices =
        along(type, CpuMath.I8, golden).stream().mapToInt(IntegerMathTest::greatest).toArray();
    assertArrayEquals(golden, choices);
  }

  private static int greatest(float[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      best = values[i] > values[best] ? i : best;
    }
    return best;
  }

  /** Log-probabilities where each token of an answer is chosen. */
  private static List<float[]> along(String type, CpuMath math, int[] answer) {
    List<float[]> all = new ArrayList<>();
    try (Model model = load(type, math);
        Session session = model.newSession()) {
      int[] prompt = model.tokenizer().encode(text("greedy-prompt.txt"), true, true);
      int[] tokens = Arrays.copyOf(prompt, prompt.length + answer.length - 1);
      System.arraycopy(answer, 0, tokens, prompt.length, answer.length - 1);
      session.evaluate(tokens, prompt.length - 1, (row, logits) -> all.add(normalise(logits)));
    }
    return all;
  }
}
