package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lamina.backend.CpuMath;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.gguf.GgufFile;
import dev.lamina.quantize.ImportanceFile;
import dev.lamina.quantize.QuantizeJob;
import dev.lamina.quantize.QuantizeOptions;
import dev.lamina.quantize.QuantizePlan;
import dev.lamina.quantize.Recipe;
import dev.lamina.session.BaseLogits;
import dev.lamina.session.KlDivergence;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.Model;
import dev.lamina.session.Perplexity;
import dev.lamina.session.Session;
import dev.lamina.session.TextWindows;
import dev.lamina.testing.Shared;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The demo model quantized from its float32 file: how far its predictions are from the original's,
 * beside what llama.cpp measured of its own file of that type.
 */
class QuantizedDemoTest {
  /** Products in float32: it is the weights that are to be measured. */
  private static final LoadOptions OPTIONS =
      LoadOptions.DEFAULT
          .withContext(256)
          .withOutputs(128)
          .withDevices(new DeviceOptions(0, true, CpuMath.F32));

  @TempDir private static Path folder;
  private static Path original;
  private static Path imatrix;
  private static Path base;
  private static JsonObject measured;

  @BeforeAll
  static void saveBase() throws IOException {
    original = Shared.reference("demo-model/demo-f32.gguf");
    imatrix = Shared.reference("demo-model/demo.imatrix.gguf");
    measured =
        JsonParser.parseString(text("perplexity.json")).getAsJsonObject().getAsJsonObject("files");
    base = folder.resolve("base");
    try (Model model = Model.load(original, OPTIONS);
        Session session = model.newSession()) {
      int[] tokens = model.tokenizer().encode(text("heldout.txt"), true, false);
      TextWindows windows = TextWindows.halves(tokens, 256, -1, -1);
      try (var writer = new BaseLogits.Writer(base, windows, model.graph().vocabulary())) {
        Perplexity.of(session, windows, writer, TextWindows.Progress.NONE);
        writer.finish();
      }
    }
  }

  private static String text(String name) throws IOException {
    try (var in = QuantizedDemoTest.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static QuantizePlan plan(GgufFile in, String recipe, boolean important) {
    QuantizeOptions options = QuantizeOptions.of(Recipe.byName(recipe));
    return QuantizePlan.of(in.metadata(), in.tensors(), options, important);
  }

  private static Path quantize(String recipe, boolean important) {
    Path out = folder.resolve("demo-" + recipe + ".gguf");
    try (GgufFile in = GgufFile.open(original)) {
      var importance = new QuantizeJob.Importance(ImportanceFile.read(imatrix), imatrix);
      new QuantizeJob(
              in,
              plan(in, recipe, important),
              important ? Optional.of(importance) : Optional.empty(),
              2)
          .run(out, QuantizeJob.Progress.NONE);
    }
    return out;
  }

  private static double divergence(Path file) {
    try (Model model = Model.load(file, OPTIONS);
        Session session = model.newSession();
        BaseLogits saved = BaseLogits.open(base)) {
      return KlDivergence.of(session, saved, -1, -1, TextWindows.Progress.NONE).mean().value();
    }
  }

  /**
   * Types of which the reference data hold numbers but no file: those are the same bytes anyway.
   */
  @ParameterizedTest
  @ValueSource(strings = {"Q4_K_S", "Q3_K_M-imatrix", "Q2_K-imatrix"})
  void divergesNoMoreThanLlamaCpps(String name) throws IOException {
    Path file = quantize(name.replace("-imatrix", ""), name.endsWith("-imatrix"));
    JsonObject theirs = measured.getAsJsonObject(name);
    // The path of the importance matrix is in the file.
    assertEquals(theirs.get("bytes").getAsLong(), Files.size(file), 64);
    double kl = divergence(file);
    double expected = theirs.get("mean_kl_divergence").getAsDouble();
    assertTrue(kl <= 1.05 * expected, name + ": " + kl + ", llama.cpp's " + expected);
  }

  /** Prints a table of all types; with {@code -Dlamina.table=true}, since it takes minutes. */
  @Test
  @EnabledIfSystemProperty(named = "lamina.table", matches = "true")
  void table() throws IOException {
    System.out.println("| Type | Matrix | Bytes | Bits | KL | llama.cpp's KL | Ratio |");
    System.out.println("|---|---|---:|---:|---:|---:|---:|");
    for (String recipe : Recipe.names()) {
      for (boolean important : List.of(false, true)) {
        Optional<String> row = row(recipe, important);
        row.ifPresent(System.out::println);
      }
    }
  }

  private static Optional<String> row(String recipe, boolean important) throws IOException {
    double bits;
    try (GgufFile in = GgufFile.open(original)) {
      QuantizePlan plan = plan(in, recipe, important);
      bits = plan.bitsPerWeight();
      if (!important && plan.needsImportance().isPresent()) {
        return Optional.empty();
      }
    }
    Path file = quantize(recipe, important);
    double kl = divergence(file);
    JsonObject theirs = measured.getAsJsonObject(recipe + (important ? "-imatrix" : ""));
    String known = "-";
    String ratio = "-";
    if (theirs != null && theirs.has("mean_kl_divergence")) {
      double expected = theirs.get("mean_kl_divergence").getAsDouble();
      known = String.format(Locale.ROOT, "%.6f", expected);
      ratio = expected == 0 ? "-" : String.format(Locale.ROOT, "%.3f", kl / expected);
      assertTrue(kl <= Math.max(1.05 * expected, 0.00005), recipe + ": " + kl);
    }
    return Optional.of(
        String.format(
            Locale.ROOT,
            "| %s | %s | %,d | %.2f | %.6f | %s | %s |",
            recipe,
            important ? "yes" : "no",
            Files.size(file),
            bits,
            kl,
            known,
            ratio));
  }
}
