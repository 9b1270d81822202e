package dev.lamina.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Support;
import dev.lamina.backend.testing.FakeGpu;
import dev.lamina.backend.testing.FakeGpu.Fault;
import dev.lamina.backend.testing.FakeProvider;
import dev.lamina.features.Backends;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.model.Architectures;
import dev.lamina.model.DecoderGraph;
import dev.lamina.model.ModelOptions;
import dev.lamina.placement.GpuLayers;
import dev.lamina.placement.Placement;
import dev.lamina.placement.PlacementRequest;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The engine on a small gemma3 (7 layers, sliding windows of 16, global layers between them), on
 * the reference device and on made-up GPUs, also where these fail. The GPUs compute as the
 * reference does, so every result must be equal to the last bit.
 */
class EngineTest {
  private static final int CONTEXT = 96;
  private static final int PAGE = 8;
  private static GgufFile file;
  private static DecoderGraph graph;
  private static List<float[]> expected;

  @BeforeAll
  static void open() throws URISyntaxException {
    file =
        GgufFile.open(
            Path.of(EngineTest.class.getResource("/dev/lamina/model/gemma3.gguf").toURI()));
    graph =
        Architectures.graph(
            file.metadata(), file::tensor, ModelOptions.DEFAULT.withKv(GgmlType.F32, GgmlType.F32));
    try (Engine engine = engine(0, 1, 16)) {
      expected = generate(engine, engine.newSequence());
    }
  }

  @AfterAll
  static void close() {
    file.close();
  }

  private static Engine engine(int layers, int sequences, int ubatch, BackendProvider... gpus) {
    List<BackendProvider> providers = new ArrayList<>(List.of(gpus));
    PlacementRequest request =
        PlacementRequest.DEFAULT.withGpuLayers(GpuLayers.of(layers)).withMemoryMargin(0);
    Limits limits =
        new Limits(
            ubatch,
            4,
            sequences,
            PAGE,
            KvPages.groups(graph.groups(), CONTEXT, sequences, ubatch, PAGE));
    return Engine.open(
        graph,
        limits,
        CONTEXT,
        spec -> file.data(file.tensor(spec.name()).orElseThrow()),
        new DevicePlacer(Backends.of(providers, DeviceOptions.DEFAULT), request),
        LoadProgress.NONE);
  }

  private static int[] prompt(int n) {
    int[] tokens = new int[n];
    for (int i = 0; i < n; i++) {
      tokens[i] = (i * 37 + 11) % 1000;
    }
    return tokens;
  }

  /**
   * A prompt of 40 tokens in steps, then 24 greedy tokens; the logits of each step that gave
   * output.
   */
  private static List<float[]> generate(Engine engine, Sequence sequence) {
    List<float[]> all = new ArrayList<>();
    int[] prompt = prompt(40);
    int ubatch = engine.limits().maxTokens();
    for (int at = 0; at < prompt.length; at += ubatch) {
      int count = Math.min(ubatch, prompt.length - at);
      boolean last = at + count == prompt.length;
      run(engine, sequence, Arrays.copyOfRange(prompt, at, at + count), last ? all : null);
    }
    for (int i = 0; i < 24; i++) {
      run(engine, sequence, new int[] {Sampler.argmax(all.getLast())}, all);
    }
    return all;
  }

  private static void run(Engine engine, Sequence sequence, int[] tokens, List<float[]> out) {
    int[] rows = out == null ? Batch.NO_OUTPUTS : new int[] {tokens.length - 1};
    engine.run(
        new Batch().add(sequence, tokens, 0, tokens.length, rows),
        Output.LOGITS,
        result -> {
          if (out != null) {
            float[] logits = new float[engine.model().vocabulary()];
            Engine.logits(result, 0, logits);
            out.add(logits);
          }
        });
  }

  private static void assertSame(List<float[]> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < actual.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i), "logits of step " + i);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 4, 7, 8, 99})
  void layersOnAGpuGiveTheSame(int layers) {
    FakeGpu gpu = FakeGpu.builder("Fake0").build();
    try (Engine engine = engine(layers, 1, 16, FakeProvider.of("fake", gpu))) {
      assertEquals(Math.min(layers, graph.layers() + 1), engine.placement().offloaded());
      assertSame(generate(engine, engine.newSequence()));
    }
    assertTrue(gpu.isClosed());
    assertEquals(0, gpu.memoryUsed());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 7, 40})
  void stepSizeDoesNotMatter(int ubatch) {
    try (Engine engine =
        engine(3, 1, ubatch, FakeProvider.of("fake", FakeGpu.builder("Fake0").build()))) {
      assertSame(generate(engine, engine.newSequence()));
    }
  }

  @Test
  void twoGpusShareTheLayers() {
    FakeGpu a = FakeGpu.builder("Fake0").build();
    FakeGpu b = FakeGpu.builder("Fake1").build();
    try (Engine engine = engine(99, 1, 16, FakeProvider.of("fake", a, b))) {
      assertTrue(a.counters().loads() > 0 && b.counters().loads() > 0);
      assertSame(generate(engine, engine.newSequence()));
    }
  }

  @Test
  void nothingIsCompiledOrWaitedForMoreThanNeeded() {
    FakeGpu gpu = FakeGpu.builder("Fake0").build();
    try (Engine engine = engine(99, 1, 16, FakeProvider.of("fake", gpu))) {
      Sequence sequence = engine.newSequence();
      run(engine, sequence, prompt(16), new ArrayList<>());
      FakeGpu.Counters before = gpu.counters();
      run(engine, sequence, new int[] {5}, new ArrayList<>());
      FakeGpu.Counters token = gpu.counters().minus(before);
      assertEquals(0, token.compilations());
      assertEquals(0, token.loads());
      assertEquals(1, token.submissions(), "one submission for a token and stage");
      assertEquals(1, token.synchronisations(), "only the result is waited for");
      assertEquals((long) graph.width() * Float.BYTES, token.bytesIn());
      assertEquals((long) graph.vocabulary() * Float.BYTES, token.bytesOut());
    }
  }

  @Test
  void greedyTokenComesWithoutTheLogits() {
    FakeGpu gpu = FakeGpu.builder("Fake0").build();
    try (Engine engine = engine(99, 1, 40, FakeProvider.of("fake", gpu))) {
      int[] token = new int[1];
      Sequence sequence = engine.newSequence();
      engine.run(
          new Batch().add(sequence, prompt(40), 0, 40, new int[] {39}),
          Output.GREEDY,
          rows -> token[0] = rows.get(ValueLayout.JAVA_INT, 0));
      assertEquals(Sampler.argmax(expected.getFirst()), token[0]);
      assertEquals(Integer.BYTES, gpu.counters().bytesOut());
    }
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void deviceThatFailsAtOnceIsLeftOut(Fault fault) {
    FakeGpu gpu = FakeGpu.builder("Fake0").fail(fault, 0).build();
    try (Engine engine = engine(99, 1, 16, FakeProvider.of("fake", gpu))) {
      assertSame(generate(engine, engine.newSequence()));
      // The engine allocates no buffers of its own, so that fault never comes; a load that fails
      // for want of memory is
      // tried again.
      boolean fails = fault != Fault.ALLOCATE && fault != Fault.LOAD;
      assertEquals(fails ? 0 : graph.layers() + 1, engine.placement().offloaded());
      if (fails) {
        assertTrue(
            engine.placement().notes().stream().anyMatch(n -> n.contains("Fake0")),
            engine.placement().notes().toString());
      }
    }
  }

  @Test
  void memoryThatDoesNotSufficeAfterAllMeansFewerLayers() {
    long layer = graph.stage(0, 1, false).weights().stream().mapToLong(w -> w.bytes()).sum();
    // The card says that all of its memory is free, and has room for about half of the model.
    FakeGpu gpu = FakeGpu.builder("Fake0").memory(10 * layer, 6 * layer).pretendFree().build();
    try (Engine engine = engine(99, 1, 16, FakeProvider.of("fake", gpu))) {
      int offloaded = engine.placement().offloaded();
      assertTrue(offloaded >= 1 && offloaded <= 6, "offloaded " + offloaded);
      assertTrue(
          engine.placement().notes().stream().anyMatch(n -> n.contains("Fake0 ran out of memory")),
          engine.placement().notes().toString());
      assertSame(generate(engine, engine.newSequence()));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"SUBMIT", "LOST"})
  void deviceThatFailsInTheMiddleCostsNoText(Fault fault) {
    for (int at : new int[] {2, 20}) {
      for (int layers : new int[] {1, 99}) {
        FakeGpu gpu = FakeGpu.builder("Fake0").fail(fault, at).build();
        try (Engine engine = engine(layers, 1, 16, FakeProvider.of("fake", gpu))) {
          assertSame(generate(engine, engine.newSequence()));
          assertEquals(0, engine.placement().offloaded());
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"SUBMIT", "LOST"})
  void secondGpuGoesOnWhenTheFirstFails(Fault fault) {
    for (int at : new int[] {0, 2, 10}) {
      FakeGpu bad = FakeGpu.builder("Fake0").fail(fault, at).build();
      FakeGpu good = FakeGpu.builder("Fake1").build();
      try (Engine engine = engine(99, 1, 16, FakeProvider.of("fake", bad, good))) {
        assertSame(generate(engine, engine.newSequence()));
        assertEquals(graph.layers() + 1, engine.placement().offloaded());
        assertEquals(
            List.of("Fake1"),
            engine.placement().stages().stream().map(s -> s.deviceId()).distinct().toList());
      }
    }
  }

  @Test
  void bothGpusMayFail() {
    FakeGpu a = FakeGpu.builder("Fake0").fail(Fault.LOST, 5).build();
    // This one fails while it computes the lost keys and values again.
    FakeGpu b = FakeGpu.builder("Fake1").fail(Fault.LOST, 6).build();
    try (Engine engine = engine(99, 1, 16, FakeProvider.of("fake", a, b))) {
      assertSame(generate(engine, engine.newSequence()));
      assertEquals(0, engine.placement().offloaded());
      assertTrue(engine.placement().notes().stream().anyMatch(n -> n.contains("Fake0")));
      assertTrue(engine.placement().notes().stream().anyMatch(n -> n.contains("Fake1")));
    }
  }

  @Test
  void driverThatBreaksIsNoFailedStart() {
    BackendProvider[] broken = {
      FakeProvider.none("cuda", "libcuda.so.1 not found"),
      FakeProvider.failing("vulkan", new UnsatisfiedLinkError("libvulkan.so.1")),
      FakeProvider.failing("opencl", new IllegalStateException("boom")),
    };
    try (Engine engine = engine(99, 1, 16, broken)) {
      assertSame(generate(engine, engine.newSequence()));
    }
  }

  @Test
  void opThatADeviceLacksStaysOnTheCpu() {
    FakeGpu gpu =
        FakeGpu.builder("Fake0")
            .supports(
                op ->
                    op.weights().stream().anyMatch(w -> w.name().startsWith("blk.2."))
                        ? Support.no("not this one")
                        : Support.FULL)
            .build();
    try (Engine engine = engine(99, 1, 16, FakeProvider.of("fake", gpu))) {
      assertEquals(graph.layers(), engine.placement().offloaded());
      assertEquals("CPU", engine.placement().layer(2).device().info().id());
      assertSame(generate(engine, engine.newSequence()));
    }
  }

  @Test
  void sequencesDoNotDisturbEachOther() {
    try (Engine engine =
        engine(4, 3, 16, FakeProvider.of("fake", FakeGpu.builder("Fake0").build()))) {
      Sequence a = engine.newSequence();
      Sequence b = engine.newSequence();
      run(engine, b, prompt(13), null);
      List<float[]> all = generate(engine, a);
      run(engine, b, prompt(5), null);
      assertSame(all);
    }
  }

  @Test
  void mixedBatchEqualsSingleSteps() {
    try (Engine engine =
        engine(4, 2, 32, FakeProvider.of("fake", FakeGpu.builder("Fake0").build()))) {
      Sequence a = engine.newSequence();
      Sequence b = engine.newSequence();
      int[] prompt = prompt(40);
      run(engine, a, Arrays.copyOf(prompt, 30), null);
      List<float[]> both = new ArrayList<>();
      // Generation of one sequence and the prompt of another in one step, output in the middle and
      // at the end.
      engine.run(
          new Batch().add(a, prompt, 30, 10, new int[] {9}).add(b, prompt, 0, 20, new int[] {19}),
          Output.LOGITS,
          rows -> {
            for (int i = 0; i < 2; i++) {
              float[] logits = new float[graph.vocabulary()];
              Engine.logits(rows, i, logits);
              both.add(logits);
            }
          });
      assertArrayEquals(expected.getFirst(), both.get(0));
      List<float[]> rest = new ArrayList<>();
      run(engine, b, Arrays.copyOfRange(prompt, 20, 40), rest);
      assertArrayEquals(expected.getFirst(), rest.getFirst());
    }
  }

  @Test
  void forkSharesAndThenGoesItsOwnWay() {
    try (Engine engine =
        engine(4, 2, 16, FakeProvider.of("fake", FakeGpu.builder("Fake0").build()))) {
      Sequence a = engine.newSequence();
      int[] prompt = prompt(40);
      for (int at = 0; at < 30; at += 15) {
        run(engine, a, Arrays.copyOfRange(prompt, at, at + 15), null);
      }
      Sequence b = engine.fork(a);
      run(engine, a, new int[] {1, 2, 3}, null);
      List<float[]> out = new ArrayList<>();
      run(engine, b, Arrays.copyOfRange(prompt, 30, 40), out);
      assertArrayEquals(expected.getFirst(), out.getFirst());
    }
  }

  @Test
  void forkSurvivesALostDevice() {
    FakeGpu gpu = FakeGpu.builder("Fake0").fail(Fault.LOST, 3).build();
    try (Engine engine = engine(99, 2, 16, FakeProvider.of("fake", gpu))) {
      Sequence a = engine.newSequence();
      int[] prompt = prompt(40);
      for (int at = 0; at < 30; at += 15) {
        run(engine, a, Arrays.copyOfRange(prompt, at, at + 15), null);
      }
      Sequence b = engine.fork(a);
      run(engine, a, new int[] {1, 2, 3}, null);
      List<float[]> out = new ArrayList<>();
      run(engine, b, Arrays.copyOfRange(prompt, 30, 40), out);
      assertArrayEquals(expected.getFirst(), out.getFirst());
      assertEquals(0, engine.placement().offloaded());
    }
  }

  @Test
  void truncationGoesBackAsFarAsTheWindowsRemember() {
    try (Engine engine = engine(0, 1, 16)) {
      Sequence a = engine.newSequence();
      int[] prompt = prompt(40);
      run(engine, a, Arrays.copyOf(prompt, 16), null);
      run(engine, a, new int[] {900, 901}, null);
      assertEquals(16, engine.truncate(a, 16));
      run(engine, a, Arrays.copyOfRange(prompt, 16, 32), null);
      List<float[]> out = new ArrayList<>();
      run(engine, a, Arrays.copyOfRange(prompt, 32, 40), out);
      assertArrayEquals(expected.getFirst(), out.getFirst());
      assertEquals(0, engine.truncate(a, 10), "position 10 would see what is forgotten");
    }
  }

  @Test
  void slotsAreLimitedAndComeBack() {
    try (Engine engine = engine(0, 1, 16)) {
      Sequence a = engine.newSequence();
      LaminaException e = assertThrows(LaminaException.class, engine::newSequence);
      assertTrue(e.getMessage().contains("in use"), e.getMessage());
      engine.release(a);
      engine.newSequence();
    }
  }

  @Test
  void useAfterCloseIsTold() {
    Engine engine = engine(0, 1, 16);
    Sequence a = engine.newSequence();
    engine.close();
    engine.close();
    LaminaException e = assertThrows(LaminaException.class, () -> run(engine, a, prompt(3), null));
    assertEquals("the model is closed", e.getMessage());
  }

  @Test
  void placementSaysWhatIsWhere() {
    FakeGpu gpu = FakeGpu.builder("Fake0").build();
    try (Engine engine = engine(3, 1, 16, FakeProvider.of("fake", gpu))) {
      Placement placement = engine.placement();
      Device last = placement.stages().getLast().device();
      assertEquals("Fake0", last.info().id());
      assertEquals(graph.layers() - 2, placement.stages().getLast().first());
    }
  }

  @Test
  void discoveryWithoutDevicesIsNoFailure() {
    FakeProvider empty =
        new FakeProvider("vulkan", op -> Support.FULL, () -> new Discovery(List.of(), List.of()));
    try (Engine engine = engine(99, 1, 16, empty)) {
      assertSame(generate(engine, engine.newSequence()));
    }
  }
}
