package dev.lamina.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.CpuMath;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import dev.lamina.cuda.standin.StandIn;
import dev.lamina.cuda.standin.StandIn.Count;
import dev.lamina.cuda.standin.StandIn.Fault;
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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole models on the stand-in drivers: golden logits, any share of the layers, and failures. */
final class ModelTest {
  private static final String PROMPT = "Once upon a time";
  private static final int TOKENS = 28;
  private static final int ALL = 99;

  private static List<Integer> expected;

  /** A backend with some cards of a stand-in. */
  private record Cards(
      Flavour flavour, BiFunction<Integer, DeviceOptions, CardDevice> open, int count)
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
        devices.add(open.apply(i, options));
      }
      return new Discovery(devices, List.of());
    }
  }

  private static StandIn machine(String backend) {
    return backend.equals("cuda") ? StandIn.cuda() : StandIn.hip();
  }

  private static Model load(int layers, BackendProvider... backends) {
    return load(Demo.model(), layers, DeviceOptions.DEFAULT, backends);
  }

  private static Model load(
      Path file, int layers, DeviceOptions devices, BackendProvider... backends) {
    return load(file, layers, GgmlType.F32, devices, backends);
  }

  private static Model load(
      Path file, int layers, GgmlType kv, DeviceOptions devices, BackendProvider... backends) {
    LoadOptions options =
        LoadOptions.DEFAULT.withContext(128).withUbatch(16).withKv(kv, kv).withGpuLayers(layers);
    return Model.load(file, options, Backends.of(List.of(backends), devices));
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

  /**
   * As few as the kernels allow. A layer is a norm, queries with keys and values, their norms and
   * places, attention and its rounding, the output with the sum, a norm, gate with up, activation,
   * down with the sum; of experts also router, choice, and sums. Gemma's norms before its sums are
   * one kernel with those after them.
   */
  @ParameterizedTest
  @CsvSource({"llama, 10, 4", "gemma2, 10, 5", "gemma3, 10, 4", "qwen3, 10, 4", "qwen3moe, 14, 4"})
  void kernelsOfAToken(String name, int perLayer, int others) {
    StandIn machine = machine("cuda");
    try (Model model = load(file(name), ALL, DeviceOptions.DEFAULT, Cards.of("cuda", 1));
        Session session = model.newSession()) {
      GenerateOptions greedy =
          GenerateOptions.DEFAULT
              .withSampling(Sampling.GREEDY)
              .withMaxTokens(6)
              .withIgnoreEnd(true);
      List<Long> kernels = new ArrayList<>();
      for (Token ignored : session.generate(new int[] {1, 5, 9}, greedy)) {
        kernels.add(machine.count(Count.KERNELS));
      }
      long token = kernels.get(4) - kernels.get(3);
      assertEquals(perLayer * model.config().nLayer() + others, token);
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
    "cuda, LAUNCH, 175",
    "cuda, LAUNCH, 250",
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

  static Stream<Arguments> architectures() {
    return Golden.architectures().stream()
        .flatMap(name -> Stream.of("cuda", "rocm").map(backend -> arguments(backend, name)));
  }

  /**
   * With none, one, two, half and all of the layers on a card, the rest on the reference device.
   * Nothing is rounded.
   */
  @ParameterizedTest
  @MethodSource("architectures")
  void logitsAreGolden(String backend, String name) throws IOException {
    machine(backend);
    DeviceOptions exact = new DeviceOptions(0, true, CpuMath.F32);
    int layers = layers(name);
    for (int onCard : new int[] {0, 1, 2, (layers + 1) / 2, layers + 1}) {
      try (Model model = load(file(name), onCard, exact, Cards.of(backend, 1))) {
        assertEquals(onCard, model.placement().offloaded(), model.placement().toString());
        double error = Golden.ofArchitecture(name).error(model);
        assertTrue(error < 2e-4, name + " with -ngl " + onCard + ": " + error);
      }
    }
  }

  /**
   * Activations rounded to 8 bits, as llama.cpp does it. Of normally distributed values that moves
   * each product by half a percent; these models have about thirty one after the other, and
   * routers, in which it moves the choice of experts.
   */
  @ParameterizedTest
  @MethodSource("architectures")
  void roundedLogitsAreNear(String backend, String name) throws IOException {
    machine(backend);
    try (Model model = load(file(name), ALL, DeviceOptions.DEFAULT, Cards.of(backend, 1))) {
      double error = Golden.ofArchitecture(name).error(model);
      assertTrue(error > 2e-4, name + " is exact: nothing is rounded");
      assertTrue(error < (name.contains("moe") ? 8e-2 : 4e-2), name + ": " + error);
    }
  }

  static Stream<Arguments> caches() {
    return Stream.of(GgmlType.F16, GgmlType.BF16, GgmlType.Q8_0, GgmlType.Q4_0)
        .flatMap(kv -> Stream.of("llama", "qwen3").map(name -> arguments(name, kv)))
        .flatMap(one -> Stream.of("cuda", "rocm").map(backend -> with(backend, one.get())));
  }

  private static Arguments with(String backend, Object[] others) {
    return arguments(backend, others[0], others[1]);
  }

  /**
   * What is stored in pages of each type, beside the reference device. A value in the middle of two
   * numbers may become the other one there: of keys and values in 4 bits that is a fifteenth.
   */
  @ParameterizedTest
  @MethodSource("caches")
  void cachesOfAnyType(String backend, String name, GgmlType kv) {
    machine(backend);
    DeviceOptions exact = new DeviceOptions(0, true, CpuMath.F32);
    try (Model reference = load(file(name), 0, kv, exact);
        Model model = load(file(name), ALL, kv, exact, Cards.of(backend, 1))) {
      Golden golden = Golden.ofArchitecture(name);
      double error = Golden.relativeError(golden.logitsOf(model), golden.logitsOf(reference));
      assertTrue(error < (kv == GgmlType.Q4_0 ? 2e-2 : 5e-3), name + " " + kv + ": " + error);
    }
  }

  private static Path file(String name) {
    return Shared.reference("architectures").resolve(name + ".gguf");
  }

  private static int layers(String name) {
    try (Model model = load(file(name), 0, DeviceOptions.DEFAULT)) {
      return model.config().nLayer();
    }
  }
}
