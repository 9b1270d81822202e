package dev.lamina.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.DeviceCounters;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.features.Backends;
import dev.lamina.gguf.GgmlType;
import dev.lamina.session.GenerateOptions;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.Model;
import dev.lamina.session.Sampling;
import dev.lamina.session.Session;
import dev.lamina.session.Token;
import dev.lamina.testing.Demo;
import dev.lamina.testing.Golden;
import dev.lamina.testing.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole models: golden logits and texts, with any share of the layers on OpenCL devices. */
class ModelTest {
  static final LoadOptions OPTIONS =
      LoadOptions.DEFAULT.withContext(256).withUbatch(48).withKv(GgmlType.F32, GgmlType.F32);

  private static Model load(Path file, int layers, TestProvider provider) {
    LoadOptions options = OPTIONS.withPlacement(provider.request()).withGpuLayers(layers);
    return Model.load(file, options, Backends.of(List.of(provider), DeviceOptions.DEFAULT));
  }

  private static List<Integer> greedy(Model model, int[] prompt, int count) {
    List<Integer> ids = new ArrayList<>();
    GenerateOptions options =
        GenerateOptions.DEFAULT
            .withSampling(Sampling.GREEDY)
            .withMaxTokens(count)
            .withIgnoreEnd(true);
    try (Session session = model.newSession()) {
      for (Token token : session.generate(prompt, options)) {
        ids.add(token.id());
      }
    }
    return ids;
  }

  /** With none, one, two, half and all of the layers on the device, the rest on the CPU. */
  @ParameterizedTest
  @MethodSource("dev.lamina.testing.Golden#architectures")
  void logitsAreGolden(String name) throws IOException {
    Golden golden = Golden.ofArchitecture(name);
    Path file = golden.file();
    int layers;
    try (Model model = load(file, 0, TestProvider.one())) {
      layers = model.config().nLayer();
    }
    for (int gpu : new int[] {0, 1, 2, (layers + 1) / 2, layers + 1}) {
      try (Model model = load(file, gpu, TestProvider.one())) {
        assertEquals(gpu, model.placement().offloaded(), model.placement().toString());
        double error = golden.error(model);
        assertTrue(error < 2e-4, "-ngl " + gpu + ": " + error);
      }
    }
  }

  static List<String> quantized() throws IOException {
    if (!Shared.has("demo-model")) {
      return List.of("demo-model is absent");
    }
    try (Stream<Path> files = Files.list(Shared.reference("demo-model"))) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(f -> f.startsWith("demo-") && f.endsWith(".gguf"))
          .map(f -> f.substring(0, f.length() - 5))
          .sorted()
          .toList();
    }
  }

  /**
   * The text that llama.cpp makes of each quantized file (where there is none, that of the CPU),
   * and its logits where there are some.
   */
  @ParameterizedTest
  @MethodSource("quantized")
  void quantizedFilesAreGolden(String name) throws IOException {
    Path folder = Shared.reference("demo-model");
    Path file = folder.resolve(name + ".gguf");
    String prompt = Files.readString(folder.resolve("greedy-prompt.txt"));
    String type = name.replace("demo-", "").replace("f32", "F32");
    try (Model model = load(file, 99, TestProvider.one())) {
      int[] tokens = model.tokenizer().encode(prompt, true, true);
      List<Integer> text = golden(Files.readString(folder.resolve("greedy.json")), name);
      if (text.isEmpty()) {
        try (Model cpu = load(file, 0, TestProvider.one())) {
          text = greedy(cpu, tokens, TOKENS);
        }
      }
      assertEquals(text, greedy(model, tokens, text.size()));
      int half = (model.config().nLayer() + 1) / 2;
      for (int layers : new int[] {0, 1, 2, half}) {
        try (Model part = load(file, layers, TestProvider.one())) {
          assertEquals(layers, part.placement().offloaded(), part.placement().toString());
          assertEquals(text.subList(0, FEW), greedy(part, tokens, FEW), "-ngl " + layers);
        }
      }
      if (Files.exists(folder.resolve(type + ".logits.f32"))) {
        double error = Golden.ofDemo(type).error(model);
        assertTrue(error < 2e-4, name + ": " + error);
      }
    }
  }

  /** Empty where the file is not among them. */
  private static List<Integer> golden(String json, String name) {
    Matcher matcher =
        Pattern.compile("\"" + name + "\":[^\\[]*\"tokens\":\\[([0-9,]*)]").matcher(json);
    return matcher.find()
        ? Stream.of(matcher.group(1).split(",")).map(Integer::valueOf).toList()
        : List.of();
  }

  /** The kernels that cards run, which are others than a processor's. */
  @ParameterizedTest
  @ValueSource(strings = {"OFF", "PLAIN"})
  void cardKernels(Paths.Integers integers) {
    Paths paths = Paths.FLOOR.onProcessor().withIntegers(integers);
    TestProvider cards = TestProvider.changed(s -> s.withPaths(paths));
    try (Model model = load(Demo.model(), 99, cards)) {
      assertEquals(expected(), story(model));
    }
  }

  /** Rounded activations cost what they may, with experts too, and are what is multiplied. */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "mixtral-moe"})
  void roundedLogitsAreNear(String name) {
    Paths paths = Paths.FLOOR.onProcessor().withIntegers(Paths.Integers.PLAIN);
    Golden golden = Golden.ofArchitecture(name);
    try (Model model = load(golden.file(), 99, TestProvider.changed(s -> s.withPaths(paths)))) {
      double error = golden.error(model);
      assertTrue(error > 2e-4, name + " is exact: nothing is rounded");
      assertTrue(error < (name.contains("moe") ? 8e-2 : 4e-2), name + ": " + error);
    }
  }

  private static final int TOKENS = 24;

  /** Enough to see that a layer is where it belongs. */
  private static final int FEW = 6;

  static List<Integer> story(Model model) {
    return greedy(model, model.tokenizer().encode("Once upon a time", true, true), TOKENS);
  }

  static List<Integer> expected() {
    try (Model model = load(Demo.model(), 0, TestProvider.one())) {
      return story(model);
    }
  }

  static long launches(OpenClDevice device) {
    return device.workDone().orElseThrow().dispatches();
  }

  /** Layers on two devices and on the CPU in one run. */
  @ParameterizedTest
  @ValueSource(ints = {3, 99})
  void severalDevices(int layers) {
    TestProvider two = TestProvider.two();
    try (Model model = load(Demo.model(), layers, two)) {
      assertEquals(expected(), story(model));
      two.devices().forEach(d -> assertTrue(launches(d) > 0, d.info().id()));
    }
  }

  /** Types of the cache, in the session as users have it. */
  @ParameterizedTest
  @ValueSource(strings = {"F16", "Q8_0", "Q4_0"})
  void cacheTypes(GgmlType type) {
    LoadOptions options = OPTIONS.withKv(type, type);
    List<List<Integer>> texts = new ArrayList<>();
    for (int layers : new int[] {0, 99}) {
      TestProvider provider = TestProvider.one();
      try (Model model =
          Model.load(
              Demo.model(),
              options.withPlacement(provider.request()).withGpuLayers(layers),
              Backends.of(List.of(provider), DeviceOptions.DEFAULT))) {
        texts.add(story(model));
      }
    }
    assertEquals(texts.get(0), texts.get(1));
  }

  /** A token costs one wait, and nothing is compiled, allocated or uploaded for it. */
  @Test
  void whatATokenCosts() {
    TestProvider one = TestProvider.one();
    int tokens = 16;
    try (Model model = load(Demo.model(), 99, one);
        Session session = model.newSession()) {
      session.append(model.tokenizer().encode("Once upon a time", true, true));
      for (int i = 0; i < 4; i++) {
        session.append(200 + i);
      }
      OpenClDevice device = one.devices().getFirst();
      DeviceCounters before = device.workDone().orElseThrow();
      long builds = device.builds();
      long used = device.connection().used();
      for (int i = 0; i < tokens; i++) {
        session.append(300 + i);
      }
      DeviceCounters cost = device.workDone().orElseThrow().minus(before);
      System.out.printf(
          "a token of the demo model: %d kernels, %d waits, %d bytes in, %d bytes out%n",
          cost.dispatches() / tokens,
          cost.synchronisations() / tokens,
          cost.bytesIn() / tokens,
          cost.bytesOut() / tokens);
      assertEquals(tokens, cost.synchronisations());
      assertEquals(4L * tokens, cost.bytesOut(), "only the greedy token comes back");
      assertTrue(cost.bytesIn() / tokens < 4096, "the hidden state and the step go in");
      assertEquals(builds, device.builds());
      // One submission a token; of the 8 layers and the output, each at least ten kernels and one.
      assertEquals(tokens, cost.submissions());
      assertTrue(cost.dispatches() / tokens > 80, cost.toString());
      assertEquals(0, cost.dispatches() % tokens, "each token has the same launches");
      assertEquals(used, device.connection().used());
    }
  }

  /** Where the device's memory does not suffice after all, the text is the same. */
  @ParameterizedTest
  @ValueSource(longs = {100_000, 3_000_000, 5_600_000})
  void outOfMemory(long bytes) {
    TestProvider small = TestProvider.changed(s -> s.withMemory(bytes));
    try (Model model = load(Demo.model(), 99, small)) {
      assertEquals(expected(), story(model));
      assertFalse(model.placement().notes().isEmpty(), "nobody is told of the failure");
    }
  }

  /** Where the device falls silent in the middle, the text goes on elsewhere. */
  @Test
  void lostInTheMiddle() {
    TestProvider one = TestProvider.one();
    List<Integer> ids = new ArrayList<>();
    GenerateOptions options =
        GenerateOptions.DEFAULT
            .withSampling(Sampling.GREEDY)
            .withMaxTokens(TOKENS)
            .withIgnoreEnd(true);
    try (Model model = load(Demo.model(), 99, one);
        Session session = model.newSession()) {
      for (Token token :
          session.generate(model.tokenizer().encode("Once upon a time", true, true), options)) {
        ids.add(token.id());
        if (ids.size() == 10) {
          one.devices().getFirst().connection().patience().end();
        }
      }
      assertEquals(expected(), ids);
      String notes = String.join("; ", model.placement().notes());
      assertTrue(notes.contains("has not answered"), notes);
    }
  }
}
