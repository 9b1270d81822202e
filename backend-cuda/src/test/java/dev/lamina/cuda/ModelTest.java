package dev.lamina.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import dev.lamina.cuda.standin.StandIn;
import dev.lamina.cuda.standin.StandIn.Count;
import dev.lamina.cuda.standin.StandIn.Fault;
import dev.lamina.features.Backends;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.model.Architectures;
import dev.lamina.model.ModelGraph;
import dev.lamina.model.ModelOptions;
import dev.lamina.model.StageRunner;
import dev.lamina.session.GenerateOptions;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.Model;
import dev.lamina.session.Sampling;
import dev.lamina.session.Session;
import dev.lamina.session.Token;
import dev.lamina.testing.Demo;
import dev.lamina.testing.Shared;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole models on the stand-in drivers: golden logits, any share of the layers, and failures. */
final class ModelTest {
  private static final String PROMPT = "Once upon a time";
  private static final int TOKENS = 28;
  private static final int ALL = 99;

  private static List<Integer> expected;

  /** A backend with some cards of a stand-in. */
  private record Cards(Flavour flavour, IntFunction<CardDevice> open, int count)
      implements BackendProvider {
    static Cards of(String backend, int count) {
      return switch (backend) {
        case "cuda" -> new Cards(Flavour.CUDA, StandInCards::cuda, count);
        case "rocm" -> new Cards(Flavour.ROCM, StandInCards::hip, count);
        default -> throw new AssertionError(backend);
      };
    }

    @Override
    public String name() {
      return flavour.backend();
    }

    @Override
    public Capabilities capabilities() {
      return flavour.capabilities();
    }

    @Override
    public Discovery discover(DeviceOptions options) {
      List<Device> devices = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        devices.add(open.apply(i));
      }
      return new Discovery(devices, List.of());
    }
  }

  private static StandIn machine(String backend) {
    return backend.equals("cuda") ? StandIn.cuda() : StandIn.hip();
  }

  private static Model load(int layers, BackendProvider... backends) {
    LoadOptions options =
        LoadOptions.DEFAULT
            .withContext(128)
            .withUbatch(16)
            .withKv(GgmlType.F32, GgmlType.F32)
            .withGpuLayers(layers);
    return Model.load(Demo.model(), options, Backends.of(List.of(backends), DeviceOptions.DEFAULT));
  }

  private static List<Integer> generate(Model model) {
    List<Integer> ids = new ArrayList<>();
    try (Session session = model.newSession()) {
      GenerateOptions greedy =
          GenerateOptions.DEFAULT.withSampling(Sampling.GREEDY).withMaxTokens(TOKENS);
      for (Token token : session.generate(model.tokenizer().encode(PROMPT, true, true), greedy)) {
        ids.add(token.id());
      }
    }
    return ids;
  }

  /** What the reference device makes of it. */
  private static synchronized List<Integer> expected() {
    if (expected == null) {
      try (Model model = load(0)) {
        expected = generate(model);
      }
      assertTrue(expected.size() >= TOKENS, expected.toString());
    }
    return expected;
  }

  /** The share of the layers goes from nothing to everything. */
  @ParameterizedTest
  @CsvSource({"cuda, 0", "cuda, 1", "cuda, 2", "cuda, 3", "cuda, 99", "rocm, 1", "rocm, 99"})
  void theSameTextWithAnyLayersOnACard(String backend, int layers) {
    machine(backend);
    try (Model model = load(layers, Cards.of(backend, 1))) {
      assertEquals(expected(), generate(model));
    }
    assertEquals(0, machine(backend).count(Count.LIVE));
  }

  /** Also the copies between them. */
  @ParameterizedTest
  @ValueSource(strings = {"cuda", "rocm"})
  void theSameTextOnTwoCards(String backend) {
    StandIn machine = machine(backend);
    try (Model model = load(ALL, Cards.of(backend, 2))) {
      // Opening the cards has set the counts to 0.
      assertEquals(expected(), generate(model));
      assertTrue(machine.count(Count.BYTES_PEER) > 0, model.placement().toString());
    }
  }

  /** A token is one launch of a recording, and the only wait is for its result. */
  @Test
  void aTokenIsOneLaunch() {
    StandIn machine = machine("cuda");
    try (Model model = load(ALL, Cards.of("cuda", 1));
        Session session = model.newSession()) {
      int[] prompt = model.tokenizer().encode(PROMPT, true, true);
      GenerateOptions greedy =
          GenerateOptions.DEFAULT.withSampling(Sampling.GREEDY).withMaxTokens(TOKENS);
      Map<Count, Long> before = new TreeMap<>();
      int token = 0;
      for (Token ignored : session.generate(prompt, greedy)) {
        token++;
        if (token == 10) {
          for (Count count : Count.values()) {
            before.put(count, machine.count(count));
          }
        }
        if (token == 20) {
          assertEquals(10, machine.count(Count.GRAPH_LAUNCHES) - before.get(Count.GRAPH_LAUNCHES));
          assertEquals(0, machine.count(Count.LAUNCHES) - before.get(Count.LAUNCHES));
          assertEquals(0, machine.count(Count.ALLOCATIONS) - before.get(Count.ALLOCATIONS));
          long waits = machine.count(Count.SYNCHRONISATIONS) - before.get(Count.SYNCHRONISATIONS);
          System.out.printf(
              "a token of the demo model: %d kernels, %d waits, %d bytes in, %d bytes out%n",
              (machine.count(Count.KERNELS) - before.get(Count.KERNELS)) / 10,
              waits / 10,
              (machine.count(Count.BYTES_IN) - before.get(Count.BYTES_IN)) / 10,
              (machine.count(Count.BYTES_OUT) - before.get(Count.BYTES_OUT)) / 10);
        }
      }
      assertTrue(token >= 20);
    }
  }

  /** Wherever the memory ends, the text goes on elsewhere. */
  @ParameterizedTest
  @ValueSource(ints = {1, 5, 40, 70, 80})
  void outOfMemoryAtAnyAllocation(int nth) {
    StandIn machine = machine("cuda");
    Cards cards = Cards.of("cuda", 1);
    Discovery opened = cards.discover(DeviceOptions.DEFAULT);
    machine.order(Fault.ALLOCATION, nth, StandIn.OUT_OF_MEMORY);
    try (Model model = load(ALL, new Opened(opened))) {
      assertEquals(expected(), generate(model));
    }
    assertEquals(0, machine.count(Count.LIVE));
  }

  /** Cards that are open already. */
  private record Opened(Discovery discovery) implements BackendProvider {
    @Override
    public String name() {
      return "cuda";
    }

    @Override
    public Capabilities capabilities() {
      return Flavour.CUDA.capabilities();
    }

    @Override
    public Discovery discover(DeviceOptions options) {
      return discovery;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "cuda, KERNEL, 400",
    "cuda, LAUNCH, 30",
    "cuda, LAUNCH, 300",
    "cuda, LAUNCH, 440",
    "cuda, COPY, 40",
    "cuda, GRAPH, 1",
    "cuda, MODULE, 1",
    "cuda, PINNED, 1",
    "rocm, KERNEL, 700"
  })
  void theSameTextAfterAFailure(String backend, Fault fault, long nth) {
    StandIn machine = machine(backend);
    Cards cards = Cards.of(backend, 1);
    Discovery opened = cards.discover(DeviceOptions.DEFAULT);
    machine.order(fault, nth, StandIn.LAUNCH_FAILED);
    try (Model model = load(ALL, new Opened(opened))) {
      assertEquals(expected(), generate(model));
      assertFalse(model.placement().notes().isEmpty(), "nobody is told of the failure");
    }
    assertEquals(0, machine.count(Count.LIVE));
  }

  /** The launches of the twentieth token fail, by recordings. */
  @Test
  void theSameTextWhereTokenTwentyFails() {
    StandIn machine = machine("cuda");
    try (Model model = load(ALL, Cards.of("cuda", 1));
        Session session = model.newSession()) {
      GenerateOptions greedy =
          GenerateOptions.DEFAULT.withSampling(Sampling.GREEDY).withMaxTokens(TOKENS);
      List<Integer> ids = new ArrayList<>();
      for (Token token : session.generate(model.tokenizer().encode(PROMPT, true, true), greedy)) {
        ids.add(token.id());
        if (ids.size() == 20) {
          machine.order(Fault.LAUNCH, 1, StandIn.LAUNCH_FAILED);
        }
      }
      assertEquals(expected(), ids);
      assertFalse(model.placement().notes().isEmpty(), "nobody is told of the failure");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama",
        "llama31-rope-factors",
        "mixtral-moe",
        "qwen2",
        "qwen2-yarn",
        "qwen2moe",
        "qwen3",
        "qwen3moe",
        "gemma2",
        "gemma3"
      })
  void logitsAreGolden(String name) throws IOException {
    Path folder = Shared.reference("architectures");
    int[] prompt = new int[66];
    bytes(folder.resolve("prompt.tokens.i32")).asIntBuffer().get(prompt);
    FloatBuffer golden = bytes(folder.resolve(name + ".logits.f32")).asFloatBuffer();
    ModelOptions options = ModelOptions.DEFAULT.withKv(GgmlType.F32, GgmlType.F32);
    try (GgufFile file = GgufFile.open(folder.resolve(name + ".gguf"));
        Device device = StandInCards.cuda(0)) {
      ModelGraph model = Architectures.graph(file.metadata(), file::tensor, options);
      for (int step : new int[] {33, 5, 1}) {
        try (StageRunner runner =
            new StageRunner(device, file, model, new int[] {1}, 16, step, prompt.length)) {
          float[][] logits = runner.run(prompt, step);
          double error = 0;
          double size = 0;
          for (int t = 0; t < prompt.length; t++) {
            for (int i = 0; i < 1024; i++) {
              float want = golden.get(t * 1024 + i);
              error += Math.pow(logits[t][i] - want, 2);
              size += Math.pow(want, 2);
            }
          }
          double relative = Math.sqrt(error / size);
          // Steps of more than eight tokens go to the matrix units, which round.
          double bound = step > 8 ? 4e-3 : 2e-4;
          assertTrue(relative < bound, name + " in steps of " + step + ": " + relative);
        }
      }
    }
  }

  private static ByteBuffer bytes(Path path) throws IOException {
    return ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
  }
}
