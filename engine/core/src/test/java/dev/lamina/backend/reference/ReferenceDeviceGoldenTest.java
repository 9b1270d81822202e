package dev.lamina.backend.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import dev.lamina.gguf.GgmlType;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The oracle against numbers that goldens.py, beside goldens.txt, computed from published formulas
 * without any of our code.
 */
class ReferenceDeviceGoldenTest {
  private static final double TOLERANCE = 1e-6;

  private final Map<TensorSpec, float[]> data = new HashMap<>();

  @TestFactory
  Stream<DynamicTest> goldens() throws IOException {
    return read().entrySet().stream()
        .map(
            entry ->
                DynamicTest.dynamicTest(
                    entry.getKey(),
                    () -> new ReferenceDeviceGoldenTest().check(entry.getKey(), entry.getValue())));
  }

  /** The cases by name, each with its lines by key. */
  private static Map<String, Map<String, String>> read() throws IOException {
    Map<String, Map<String, String>> cases = new TreeMap<>();
    try (InputStream in = ReferenceDeviceGoldenTest.class.getResourceAsStream("goldens.txt")) {
      Map<String, String> current = null;
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
        String[] parts = line.split(" ", 2);
        if (parts[0].equals("case")) {
          current = new HashMap<>();
          cases.put(parts[1], current);
        } else {
          current.put(parts[0], parts[1].trim());
        }
      }
    }
    assertTrue(cases.size() > 15);
    return cases;
  }

  private void check(String name, Map<String, String> c) {
    switch (name.split(" ")[0]) {
      case "matmul" -> matMul(c);
      case "rmsnorm" -> rmsNorm(c);
      case "rope" -> rope(c);
      case "attention" -> attention(c);
      case "stored" -> stored(c);
      case "gated" -> gated(Op.Activation.valueOf(name.split(" ")[1]), c);
      case "softcap" -> softCap(c);
      case "experts" -> experts(c);
      default -> throw new AssertionError(name);
    }
  }

  private void matMul(Map<String, String> c) {
    GraphBuilder graph = new GraphBuilder();
    Value in = source(graph, "x", 5, c);
    TensorSpec weight = with(TensorSpec.matrix("weight", GgmlType.F32, 5, 3), floats(c, "weight"));
    TensorSpec bias = with(TensorSpec.vector("bias", GgmlType.F32, 3), floats(c, "bias"));
    expect(c, "out", run(graph, graph.matMul(weight, bias, in), 2));
  }

  private void rmsNorm(Map<String, String> c) {
    GraphBuilder graph = new GraphBuilder();
    TensorSpec gamma = with(TensorSpec.vector("gamma", GgmlType.F32, 4), floats(c, "gamma"));
    expect(c, "out", run(graph, graph.rmsNorm(gamma, 1e-5f, source(graph, "x", 8, c)), 2));
  }

  private void rope(Map<String, String> c) {
    float[] yarn = floats(c, "yarn");
    float[] divisors = floats(c, "divisors");
    RopeSpec spec =
        new RopeSpec(
            8,
            integer(c, "dims"),
            integer(c, "adjacent") == 1 ? RopeSpec.Pairing.ADJACENT : RopeSpec.Pairing.HALVES,
            number(c, "base"),
            number(c, "freqScale"),
            yarn[0],
            yarn[1],
            yarn[2],
            yarn[3],
            (int) yarn[4],
            divisors.length == 0
                ? null
                : with(TensorSpec.vector("divisors", GgmlType.F32, divisors.length), divisors));
    GraphBuilder graph = new GraphBuilder();
    Value out = graph.rope(spec, source(graph, "x", 16, c));
    float[] positions = floats(c, "positions");
    int[] ids = IntStream.range(0, positions.length).toArray();
    int[] at = IntStream.of(ids).map(i -> (int) positions[i]).toArray();
    Step step = new Step(ids, at, ids, new int[0], new int[0][][], List.of(), Output.HIDDEN);
    expect(c, "out", run(graph.build(Output.HIDDEN, out), step, List.of()));
  }

  private void attention(Map<String, String> c) {
    int heads = integer(c, "heads");
    int headsKv = integer(c, "headsKv");
    int dim = integer(c, "dim");
    int tokens = integer(c, "tokens");
    KvSpec kv = new KvSpec(0, 0, headsKv, dim, dim, GgmlType.F32, GgmlType.F32);
    GraphBuilder graph = new GraphBuilder();
    Value q = source(graph, "q", heads * dim, c);
    graph.kvStore(kv, source(graph, "k", headsKv * dim, c), source(graph, "v", headsKv * dim, c));
    Value out =
        graph.attention(kv, heads, number(c, "scale"), integer(c, "window"), number(c, "cap"), q);
    // Pages of 2 positions, in reverse order.
    int pages = (tokens + 1) / 2;
    int[][][] table = {{IntStream.range(0, pages).map(i -> pages - 1 - i).toArray()}};
    int[] ids = IntStream.range(0, tokens).toArray();
    Step step = new Step(ids, ids, new int[tokens], new int[0], table, List.of(), Output.HIDDEN);
    Graph built = graph.build(Output.HIDDEN, out);
    expect(c, "out", run(built, step, List.of(new Limits.PageGroup(pages, pages))));
  }

  /** One position is seen by itself alone: what comes out is the value as it was stored. */
  private void stored(Map<String, String> c) {
    GgmlType type = GgmlType.valueOf(c.get("type").replace("'", ""));
    KvSpec kv = new KvSpec(0, 0, 2, 64, 64, type, type);
    GraphBuilder graph = new GraphBuilder();
    Value x = source(graph, "x", 128, c);
    graph.kvStore(kv, x, x);
    Value out = graph.attention(kv, 2, 1, 0, 0, x);
    int[] zero = new int[1];
    Step step =
        new Step(zero, zero, zero, new int[0], new int[][][] {{{0}}}, List.of(), Output.HIDDEN);
    Graph built = graph.build(Output.HIDDEN, out);
    float[] actual = run(built, step, List.of(new Limits.PageGroup(1, 1)));
    float[] expected = floats(c, "out");
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i] + 0f, actual[i] + 0f, "value " + i);
    }
  }

  private void gated(Op.Activation activation, Map<String, String> c) {
    GraphBuilder graph = new GraphBuilder();
    Value out = graph.gated(activation, source(graph, "gate", 4, c), source(graph, "up", 4, c));
    expect(c, "out", run(graph, out, 3));
  }

  private void softCap(Map<String, String> c) {
    GraphBuilder graph = new GraphBuilder();
    Value out = graph.softCap(number(c, "cap"), source(graph, "x", 4, c));
    expect(c, "out", run(graph, out, 3));
  }

  private void experts(Map<String, String> c) {
    GraphBuilder graph = new GraphBuilder();
    Value routing =
        graph.route(2, integer(c, "normalise") == 1, 1.5f, source(graph, "logits", 5, c));
    float[] routed = run(graph, routing, 3);
    float[] picks = floats(c, "picks");
    float[] weights = floats(c, "weights");
    for (int t = 0; t < 3; t++) {
      for (int s = 0; s < 2; s++) {
        assertEquals(picks[t * 2 + s], routed[t * 4 + s]);
        assertEquals(weights[t * 2 + s], routed[t * 4 + 2 + s], TOLERANCE);
      }
    }
    TensorSpec weight =
        with(TensorSpec.experts("weight", GgmlType.F32, 3, 2, 5), floats(c, "weight"));
    Value products = graph.expertMatMul(weight, routing, source(graph, "x", 3, c));
    expect(c, "products", run(graph, products, 3));
    expect(c, "sums", run(graph, graph.expertSum(routing, products), 3));
  }

  private Value source(GraphBuilder graph, String key, int width, Map<String, String> c) {
    float[] values = floats(c, key);
    return graph.embed(
        with(TensorSpec.embedding(key, GgmlType.F32, width, values.length / width), values));
  }

  private TensorSpec with(TensorSpec spec, float[] values) {
    data.put(spec, values);
    return spec;
  }

  private float[] run(GraphBuilder graph, Value out, int tokens) {
    int[] ids = IntStream.range(0, tokens).toArray();
    Step step =
        new Step(ids, ids, new int[tokens], new int[0], new int[0][][], List.of(), Output.HIDDEN);
    return run(graph.build(Output.HIDDEN, out), step, List.of());
  }

  private float[] run(Graph graph, Step step, List<Limits.PageGroup> groups) {
    Limits limits = new Limits(step.tokens(), 1, step.tokens(), 2, groups);
    try (ReferenceDevice device = ReferenceDevice.create()) {
      Map<TensorSpec, Weight> weights = new HashMap<>();
      for (TensorSpec spec : graph.weights()) {
        weights.put(spec, device.load(spec, MemorySegment.ofArray(data.get(spec))));
      }
      Program program = device.compile(graph, weights, limits);
      program.submit(step).await();
      float[] out = new float[step.tokens() * graph.outputs().get(Output.HIDDEN).width()];
      program.output(Output.HIDDEN).read(0, MemorySegment.ofArray(out));
      return out;
    }
  }

  private static void expect(Map<String, String> c, String key, float[] actual) {
    float[] expected = floats(c, key);
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], TOLERANCE, key + " " + i);
    }
  }

  private static int integer(Map<String, String> c, String key) {
    return Integer.parseInt(c.get(key));
  }

  private static float number(Map<String, String> c, String key) {
    return Float.parseFloat(c.get(key));
  }

  private static float[] floats(Map<String, String> c, String key) {
    String[] words = c.get(key).isEmpty() ? new String[0] : c.get(key).split(" ");
    float[] values = new float[words.length];
    for (int i = 0; i < words.length; i++) {
      values[i] = Float.parseFloat(words[i]);
    }
    return values;
  }
}
