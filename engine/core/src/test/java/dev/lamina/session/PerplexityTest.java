package dev.lamina.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.features.Backends;
import dev.lamina.gguf.GgmlType;
import dev.lamina.model.ModelOptions;
import dev.lamina.testing.Demo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Windows, saved predictions and their divergence, on the demo model and the reference device. */
class PerplexityTest {
  private static final int WINDOW = 32;
  private static final int BOS = 2;
  private static Model model;

  /** The same with another rotary base: a model that is a little different. */
  private static Model other;

  private static int[] text;

  @TempDir private Path folder;

  @BeforeAll
  static void load() {
    LoadOptions options =
        LoadOptions.DEFAULT.withContext(WINDOW).withOutputs(8).withKv(GgmlType.F32, GgmlType.F32);
    model = load(options);
    var rope = new ModelOptions.Rope(5000, 0, null, 0, -1, -1, -1, -1);
    text =
        Arrays.copyOf(
            model
                .tokenizer()
                .encode(
                    "Once upon a time there was a little fox who lived in a forest. One day the fox"
                        + " met a bear at the river. The bear was hungry, and so the fox gave him"
                        + " a fish. They became good friends, and they played in the snow until"
                        + " the sun went down.",
                    false,
                    false),
            2 * WINDOW + 5);
    other = load(options.withModel(new ModelOptions(GgmlType.F32, GgmlType.F32, rope)));
  }

  private static Model load(LoadOptions options) {
    return Model.load(Demo.model(), options, Backends.of(List.of(), DeviceOptions.DEFAULT));
  }

  @AfterAll
  static void close() {
    model.close();
    other.close();
  }

  /** The log-probabilities of each prediction in the second halves, by plain definition. */
  private static List<double[]> predictions(Model model) {
    List<double[]> all = new ArrayList<>();
    try (Session session = model.newSession()) {
      for (int start = 0; start < 2 * WINDOW; start += WINDOW) {
        int[] window = Arrays.copyOfRange(text, start, start + WINDOW);
        window[0] = BOS;
        session.evaluate(
            Arrays.copyOf(window, WINDOW - 1),
            WINDOW / 2,
            (row, logits) -> {
              double sum = 0;
              for (float l : logits) {
                sum += Math.exp(l);
              }
              double norm = Math.log(sum);
              double[] logs = new double[logits.length];
              Arrays.setAll(logs, i -> logits[i] - norm);
              all.add(logs);
            });
      }
    }
    return all;
  }

  private static int next(int prediction) {
    int half = WINDOW / 2 - 1;
    return text[prediction / half * WINDOW + WINDOW / 2 + prediction % half + 1];
  }

  private static TextWindows windows() {
    return TextWindows.halves(text, WINDOW, -1, BOS);
  }

  private Path save(Model of) {
    Path file = folder.resolve("base");
    try (Session session = of.newSession();
        var writer = new BaseLogits.Writer(file, windows(), of.graph().vocabulary())) {
      Perplexity.of(session, windows(), writer, TextWindows.Progress.NONE);
      assertFalse(Files.exists(file));
      writer.finish();
    }
    return file;
  }

  @Test
  void perplexityIsTheDefinition() {
    List<double[]> all = predictions(model);
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < all.size(); i++) {
      double nll = -all.get(i)[next(i)];
      sum += nll;
      squares += nll * nll;
    }
    int n = all.size();
    double mean = sum / n;
    List<Integer> told = new ArrayList<>();
    try (Session session = model.newSession()) {
      Perplexity result =
          Perplexity.of(
              session,
              windows(),
              (logits, next) -> {},
              (done, total, soFar) -> told.add(10 * done + total));
      assertEquals(2 * (WINDOW / 2 - 1), result.tokens());
      assertEquals(Math.exp(mean), result.perplexity(), 1e-4 * result.perplexity());
      double error = Math.exp(mean) * Math.sqrt((squares / n - mean * mean) / (n - 1));
      assertEquals(error, result.error(), 1e-3 * error);
    }
    assertEquals(List.of(12, 22), told);
  }

  @Test
  void divergenceIsTheDefinition() {
    List<double[]> base = predictions(model);
    List<double[]> own = predictions(other);
    double kl = 0;
    double delta2 = 0;
    double nll = 0;
    double baseNll = 0;
    int same = 0;
    double most = 0;
    for (int i = 0; i < base.size(); i++) {
      double[] p = base.get(i);
      double[] q = own.get(i);
      double sum = 0;
      for (int k = 0; k < p.length; k++) {
        sum += Math.exp(p[k]) * (p[k] - q[k]);
      }
      kl += sum;
      most = Math.max(most, sum);
      delta2 += Math.pow(Math.exp(q[next(i)]) - Math.exp(p[next(i)]), 2);
      nll -= q[next(i)];
      // The file holds no less than 16 below the greatest.
      baseNll -= Math.max(p[next(i)], p[top(p)] - 16);
      same += top(p) == top(q) ? 1 : 0;
    }
    int n = base.size();
    try (BaseLogits saved = BaseLogits.open(save(model));
        Session session = other.newSession()) {
      KlDivergence result = KlDivergence.of(session, saved, BOS, -1, TextWindows.Progress.NONE);
      assertEquals(n, result.tokens());
      assertTrue(kl / n > 1e-3, "the models differ by " + kl / n);
      assertEquals(kl / n, result.mean().value(), 2e-3 * kl / n);
      assertEquals(most, result.divergences().max(), 2e-3 * most);
      assertEquals(Math.sqrt(delta2 / n), result.rmsDelta().value(), 1e-3 * Math.sqrt(delta2 / n));
      assertEquals((double) same / n, result.sameTop().value(), 1e-12);
      assertEquals((nll - baseNll) / n, result.logRatio().value(), 1e-4);
      assertEquals(Math.exp((nll - baseNll) / n), result.ratio().value(), 1e-3);
      assertEquals(
          Math.exp(nll / n) - Math.exp(baseNll / n),
          result.difference().value(),
          1e-3 * Math.exp(nll / n));
      assertTrue(result.correlation() > 0.5 && result.correlation() <= 1.000001);
    }
  }

  private static int top(double[] logs) {
    int top = 0;
    for (int i = 1; i < logs.length; i++) {
      top = logs[i] > logs[top] ? i : top;
    }
    return top;
  }

  @Test
  void aModelDoesNotDivergeFromItself() {
    try (BaseLogits saved = BaseLogits.open(save(model));
        Session session = model.newSession()) {
      KlDivergence result = KlDivergence.of(session, saved, BOS, 1, TextWindows.Progress.NONE);
      assertEquals(WINDOW / 2 - 1, result.tokens());
      assertEquals(0, result.mean().value(), 1e-4);
      assertEquals(1, result.ratio().value(), 1e-4);
      assertEquals(1, result.sameTop().value(), 0);
    }
  }

  @Test
  void stridedWindowsOverlap() {
    TextWindows windows = TextWindows.strided(text, 24, 16, -1);
    // Windows of 24 + 16 / 2 tokens, the second from token 16 on, a third would end at 64 of 69.
    assertEquals(32, windows.length());
    assertEquals(3, windows.count());
    assertEquals(16, windows.counted());
    List<Integer> nexts = new ArrayList<>();
    try (Session session = model.newSession()) {
      windows.evaluate(session, 1, (logits, next) -> nexts.add(next));
    }
    assertEquals(Arrays.stream(text, 32, 48).boxed().toList(), nexts);
    assertThrows(LaminaException.class, () -> TextWindows.strided(text, 24, 24, -1));
    assertThrows(LaminaException.class, () -> TextWindows.strided(text, 60, 20, -1));
  }

  @Test
  void aTextShorterThanAWindowIsRefused() {
    LaminaException e =
        assertThrows(LaminaException.class, () -> TextWindows.halves(new int[31], 32, -1, -1));
    assertEquals(
        "the text has 31 tokens, and one window has 32: take a longer text, or a smaller -c",
        e.getMessage());
  }

  /** One window of 4 tokens of a vocabulary of 3, byte by byte as llama.cpp lays it out. */
  private static ByteBuffer handMade() {
    ByteBuffer bytes = ByteBuffer.allocate(8 + 12 + 16 + 16).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put("_logits_".getBytes(StandardCharsets.US_ASCII)).putInt(4).putInt(3).putInt(1);
    bytes.putInt(0).putInt(1).putInt(2).putInt(1);
    // One prediction counts: 4 - 1 - 4 / 2.
    bytes.putFloat(0.001f).putFloat(-8);
    return bytes
        .putShort((short) 0)
        .putShort((short) 40000)
        .putShort((short) 7000)
        .flip()
        .limit(52);
  }

  @Test
  void readsWhatLlamaCppWrites() throws IOException {
    Path file = Files.write(folder.resolve("hand"), handMade().array());
    try (BaseLogits base = BaseLogits.open(file)) {
      assertEquals(4, base.context());
      assertEquals(3, base.vocabulary());
      assertArrayEquals(new int[] {0, 1, 2, 1}, base.tokens());
      BaseLogits.Row row = base.newRow();
      base.read(0, 0, row);
      assertArrayEquals(new float[] {-8, 32, -1}, row.logs(), 1e-5f);
    }
  }

  @Test
  void writesWhatLlamaCppReads() throws IOException {
    TextWindows windows = TextWindows.halves(new int[] {0, 1, 2, 1, 0}, 4, -1, -1);
    Path file = folder.resolve("own");
    try (var writer = new BaseLogits.Writer(file, windows, 3)) {
      writer.accept(new float[] {1, 3, -40}, 1);
      writer.finish();
    }
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(52, bytes.limit());
    assertEquals(handMade().limit(36), bytes.duplicate().limit(36));
    float norm = (float) (3 + Math.log1p(Math.exp(-2)));
    assertEquals(16 / 65535f, bytes.getFloat(36), 1e-9f);
    assertEquals(3 - 16 - norm, bytes.getFloat(40), 1e-6f);
    // 65535 * 14 / 16, the greatest, and one below the range.
    assertEquals(57343, Short.toUnsignedInt(bytes.getShort(44)), 1);
    assertEquals(65535, Short.toUnsignedInt(bytes.getShort(46)));
    assertEquals(0, bytes.getShort(48));
    assertEquals(0, bytes.getShort(50));
  }

  @Test
  void damagedFilesAreNamed() throws IOException {
    Path file = folder.resolve("damaged");
    byte[] whole = handMade().array();
    Files.write(file, Arrays.copyOf(whole, 50));
    assertFails(file, "has 50 bytes where 1 windows need 52");
    whole[8 + 12] = 9;
    Files.write(file, whole);
    assertFails(file, "token 9 is not in the vocabulary of 3");
    Files.write(file, Arrays.copyOf(whole, 10));
    assertFails(file, "is no file of saved predictions");
    Files.delete(file);
    assertFails(file, "there is no such file");
  }

  private static void assertFails(Path file, String why) {
    LaminaException e = assertThrows(LaminaException.class, () -> BaseLogits.open(file).close());
    assertTrue(
        e.getMessage().startsWith(file + ": ") && e.getMessage().contains(why), e.getMessage());
  }

  @Test
  void anUnfinishedFileIsNotLeft() throws IOException {
    Path file = folder.resolve("unfinished");
    try (var writer = new BaseLogits.Writer(file, windows(), 3)) {
      writer.accept(new float[3], 0);
    }
    try (var left = Files.list(folder)) {
      assertEquals(List.of(), left.toList());
    }
  }
}
