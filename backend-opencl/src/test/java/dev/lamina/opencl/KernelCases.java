package dev.lamina.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.Device;
import dev.lamina.backend.Graph;
import dev.lamina.backend.GraphBuilder;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.Step;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.backend.Weight;
import dev.lamina.backend.reference.ReferenceDevice;
import dev.lamina.backend.testing.RandomBlocks;
import dev.lamina.gguf.GgmlType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kernel in small graphs with odd shapes, compared with the reference device. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class KernelCases {
  private static final int TABLE_ROWS = 7;
  private static final int PAGE = 16;
  private static final Limits LIMITS =
      new Limits(40, 40, 2, PAGE, List.of(new Limits.PageGroup(6, 4)));
  private static final int[][][] PAGES = {{{4, 1, 3, -1}, {0, 5, -1, -1}}};

  private OpenClDevice device;

  /** The device with the kernels that are to be looked at. */
  abstract OpenClDevice open();

  /** The types of weights to try. */
  List<GgmlType> types() {
    return Stream.of(GgmlType.values()).filter(GgmlType::isWeightType).toList();
  }

  /** The greatest normalised mean squared error. */
  double bound() {
    return 1e-6;
  }

  /** What has been found out beside wrong results, so far: nothing must be added to it. */
  String report() throws IOException {
    return "";
  }

  OpenClDevice device() {
    return device;
  }

  @BeforeAll
  void openDevice() {
    device = open();
  }

  @AfterAll
  void closeDevice() {
    if (device != null) {
      device.close();
    }
  }

  /** Whether to try more than what a slow interpreter has patience for. */
  boolean large() {
    return false;
  }

  private int cols(GgmlType type) {
    int cols = type.blockSize() == 1 ? 37 : type.blockSize();
    return large() ? 7 * cols : cols;
  }

  private int rows() {
    return large() ? 131 : 5;
  }

  private int[] tokens() {
    return large() ? new int[] {1, 3, 9, 37} : new int[] {1, 3, 9};
  }

  private void check(Graph graph, Step... steps) throws IOException {
    check(device, graph, steps);
  }

  /** Runs steps on both devices, and compares the last one's results. */
  private void check(OpenClDevice device, Graph graph, Step... steps) throws IOException {
    String before = report();
    float[] expected;
    try (Device oracle = ReferenceDevice.create()) {
      expected = run(oracle, graph, steps);
    }
    float[] actual = run(device, graph, steps);
    double error = 0;
    double square = 0;
    for (int i = 0; i < expected.length; i++) {
      error += Math.pow(actual[i] - expected[i], 2);
      square += Math.pow(expected[i], 2);
    }
    assertTrue(error <= bound() * square, error + " of " + square);
    assertEquals(before, report());
  }

  private static float[] run(Device device, Graph graph, Step... steps) {
    Map<TensorSpec, Weight> weights = new HashMap<>();
    for (TensorSpec spec : graph.weights()) {
      weights.put(spec, device.load(spec, RandomBlocks.of(spec, spec.name().hashCode())));
    }
    Value out = graph.outputs().values().iterator().next();
    try (Program program = device.compile(graph, weights, LIMITS)) {
      for (Step step : steps) {
        program.submit(step).await();
      }
      Step last = steps[steps.length - 1];
      int rows = out.rows() == Value.Rows.TOKENS ? last.tokens() : last.outputs();
      float[] values = new float[rows * out.width()];
      program
          .output(graph.outputs().keySet().iterator().next())
          .read(0, MemorySegment.ofArray(values));
      return values;
    } finally {
      weights.values().forEach(Weight::close);
    }
  }

  /** Tokens of one sequence from a position on; the last wants output. */
  private static Step step(int slot, int position, int tokens) {
    int[] ids = IntStream.range(0, tokens).map(t -> (t * 5 + position) % TABLE_ROWS).toArray();
    int[] positions = IntStream.range(position, position + tokens).toArray();
    int[] slots = new int[tokens];
    java.util.Arrays.fill(slots, slot);
    return new Step(ids, positions, slots, new int[] {tokens - 1}, PAGES, List.of(), Output.HIDDEN);
  }

  private static Value source(GraphBuilder graph, String name, int width) {
    return graph.embed(TensorSpec.embedding(name, GgmlType.F32, width, TABLE_ROWS));
  }

  /** Looking up, and products with one, few and many tokens. */
  @ParameterizedTest
  @MethodSource("types")
  void weights(GgmlType type) throws IOException {
    products(device, type);
  }

  void products(OpenClDevice device, GgmlType type) throws IOException {
    int cols = cols(type);
    GraphBuilder graph = new GraphBuilder();
    Value in = graph.embed(TensorSpec.embedding("table", type, cols, TABLE_ROWS));
    TensorSpec matrix = TensorSpec.matrix("matrix", type, cols, rows());
    TensorSpec bias = TensorSpec.vector("bias", GgmlType.F32, rows());
    Graph built = graph.build(Output.HIDDEN, graph.matMul(matrix, bias, in));
    for (int tokens : tokens()) {
      check(device, built, step(0, 0, tokens));
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void experts(GgmlType type) throws IOException {
    int cols = cols(type);
    GraphBuilder graph = new GraphBuilder();
    Value routing = graph.route(2, true, 1, source(graph, "logits", 3));
    Value in = source(graph, "in", cols);
    TensorSpec up = TensorSpec.experts("up", type, cols, rows(), 3);
    Value slots = graph.expertMatMul(up, routing, in);
    Graph built = graph.build(Output.HIDDEN, graph.expertSum(routing, slots));
    for (int tokens : new int[] {1, 9}) {
      check(built, step(0, 0, tokens));
    }
  }

  @Test
  void vectors() throws IOException {
    GraphBuilder graph = new GraphBuilder();
    Value a = source(graph, "a", 64);
    Value b = graph.rmsNorm(TensorSpec.vector("gamma", GgmlType.F32, 32), 1e-6f, a);
    for (RopeSpec.Pairing pairing : RopeSpec.Pairing.values()) {
      b = graph.rope(new RopeSpec(32, 24, pairing, 1e4f, 1, 0, 1, 32, 1, 4096, null), b);
    }
    for (Op.Activation activation : Op.Activation.values()) {
      b = graph.gated(activation, a, b);
    }
    b = graph.softCap(3, graph.scale(0.5f, graph.add(a, b)));
    b = graph.sigmoidGate(source(graph, "gate", 1), b);
    check(graph.build(Output.LOGITS, graph.selectOutputs(b)), step(0, 0, 5));
  }

  @Test
  void argmax() throws IOException {
    GraphBuilder graph = new GraphBuilder();
    Value in = graph.selectOutputs(source(graph, "in", 300));
    check(graph.build(Output.GREEDY, graph.argmax(in)), step(0, 0, 3));
  }

  static Stream<GgmlType> pageTypes() {
    return Stream.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q8_0, GgmlType.Q4_0);
  }

  /** Prefill, and decoding with copied pages, behind a window and in parts. */
  @ParameterizedTest
  @MethodSource("pageTypes")
  void attention(GgmlType type) throws IOException {
    for (int window : new int[] {0, 9}) {
      KvSpec kv = new KvSpec(0, 0, 2, 32, 32, type, type);
      GraphBuilder graph = new GraphBuilder();
      Value q = source(graph, "q", 6 * 32);
      graph.kvStore(kv, source(graph, "k", 64), source(graph, "v", 64));
      Graph built = graph.build(Output.HIDDEN, graph.attention(kv, 6, 0.2f, window, window, q));
      Step first = step(0, 0, 19);
      Step copied =
          new Step(
              new int[] {1, 2},
              new int[] {19, 16},
              new int[] {0, 1},
              new int[] {0, 1},
              PAGES,
              List.of(new Step.PageCopy(0, 4, 0), new Step.PageCopy(0, 1, 5)),
              Output.HIDDEN);
      check(built, first);
      check(built, first, copied);
    }
  }
}
