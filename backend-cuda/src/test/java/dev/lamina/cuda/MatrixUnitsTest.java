package dev.lamina.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.lamina.backend.Device;
import dev.lamina.backend.Graph;
import dev.lamina.backend.GraphBuilder;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.Step;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.backend.Weight;
import dev.lamina.backend.reference.ReferenceDevice;
import dev.lamina.backend.testing.RandomBlocks;
import dev.lamina.gguf.GgmlType;
import dev.lamina.shaders.CardFeatures;
import dev.lamina.shaders.CardPlan;
import dev.lamina.shaders.Launch;
import dev.lamina.shaders.MatrixUnits;
import dev.lamina.shaders.Parts;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Prompts on the matrix units of each kind of card, beside the reference device: whole tiles and
 * parts of them, and tokens of all magnitudes, each compared by itself.
 */
final class MatrixUnitsTest {
  private static final int MOST = 130;
  private static final Limits LIMITS = new Limits(MOST, MOST, MOST, 16, List.of());
  private static final int[] TOKENS = {9, 64, MOST};
  private static final List<MatrixUnits> UNITS = List.of(MatrixUnits.TURING, MatrixUnits.AMPERE);

  /** Of the tokens, one after the other. */
  private static final float[] MAGNITUDES = {1, 1e30f, 3e-30f, 0, 6e4f, 0x1p-20f, 1e6f};

  /** A graph, and what its weights have. */
  private static final class Scene {
    private final GraphBuilder graph = new GraphBuilder();
    private final Map<TensorSpec, MemorySegment> data = new HashMap<>();

    TensorSpec matrix(GgmlType type, int cols, int rows) {
      return with(TensorSpec.matrix("matrix" + data.size(), type, cols, rows));
    }

    TensorSpec with(TensorSpec spec) {
      data.put(spec, RandomBlocks.of(spec, 31 + data.size()));
      return spec;
    }

    /** An embedding, which is the same on every device. */
    Value source(float[] values) {
      TensorSpec table =
          TensorSpec.embedding("source" + data.size(), GgmlType.F32, values.length / MOST, MOST);
      data.put(table, MemorySegment.ofArray(values));
      return graph.embed(table);
    }

    float[][] run(Device device, Graph graph, int tokens) {
      Map<TensorSpec, Weight> weights = new HashMap<>();
      graph
          .weights()
          .forEach(spec -> weights.put(spec, device.load(spec, nativeCopy(data.get(spec)))));
      int[] all = IntStream.range(0, tokens).toArray();
      Step step =
          new Step(all, all, new int[tokens], all, new int[0][][], List.of(), Output.HIDDEN);
      try (Program program = device.compile(graph, weights, LIMITS)) {
        program.submit(step);
        int width = graph.outputs().get(Output.HIDDEN).width();
        float[][] rows = new float[tokens][width];
        for (int t = 0; t < tokens; t++) {
          program.output(Output.HIDDEN).read(4L * t * width, MemorySegment.ofArray(rows[t]));
        }
        return rows;
      } finally {
        weights.values().forEach(Weight::close);
      }
    }

    private static MemorySegment nativeCopy(MemorySegment data) {
      return Arena.ofAuto().allocate(data.byteSize(), 64).copyFrom(data);
    }
  }

  /** The error of a product of tokens that are rounded as the units of a card round them. */
  private static double bound(GgmlType type, MatrixUnits units) {
    return switch (type) {
      case F16 -> 2e-7;
      case BF16 -> units == MatrixUnits.AMPERE ? 1e-9 : 1e-11;
      case F32 -> units == MatrixUnits.AMPERE ? 5e-7 : 1e-11;
      default -> 2e-4;
    };
  }

  private static float[] tokens(int cols) {
    SplittableRandom random = new SplittableRandom(cols);
    float[] values = new float[MOST * cols];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * MAGNITUDES[i / cols % MAGNITUDES.length];
    }
    return values;
  }

  /**
   * Errors of each token, beside what the outputs of one with its input usually are: few of them
   * may happen to be small together.
   */
  private static void compare(
      Scene scene, float[] input, Value out, MatrixUnits units, double bound) {
    Graph graph = scene.graph.build(Output.HIDDEN, out);
    try (Device reference = ReferenceDevice.create();
        Device device = StandInCards.cuda(units)) {
      float[][] expected = scene.run(reference, graph, MOST);
      double[] usual = new double[MOST];
      double ratio = 0;
      for (int t = 0; t < MOST; t++) {
        int cols = input.length / MOST;
        usual[t] = square(Arrays.copyOfRange(input, t * cols, (t + 1) * cols), null);
        ratio += usual[t] == 0 ? 0 : square(expected[t], null) / usual[t] / MOST;
      }
      for (int tokens : TOKENS) {
        float[][] actual = scene.run(device, graph, tokens);
        for (int t = 0; t < tokens; t++) {
          double error = square(actual[t], expected[t]);
          double square = Math.max(square(expected[t], null), ratio * usual[t]);
          // Where rounding decides, the mean over a few values scatters widely.
          assertTrue(
              error <= bound * (1 + 8.0 / actual[t].length) * square,
              "token %d of %d: %.3g of %.3g".formatted(t, tokens, error, square));
        }
      }
    }
  }

  private static double square(float[] values, float[] without) {
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      double x = (double) values[i] - (without == null ? 0 : without[i]);
      sum += x * x;
    }
    return sum;
  }

  static Stream<Arguments> products() {
    List<GgmlType> types =
        List.of(
            GgmlType.F16,
            GgmlType.BF16,
            GgmlType.F32,
            GgmlType.Q4_0,
            GgmlType.Q8_0,
            GgmlType.Q2_K,
            GgmlType.Q4_K,
            GgmlType.Q6_K,
            GgmlType.IQ2_S);
    return UNITS.stream().flatMap(u -> types.stream().map(type -> arguments(u, type)));
  }

  /**
   * More rows than a tile has, and fewer; the last values of a row fill a step, or a part of one.
   */
  @ParameterizedTest
  @MethodSource("products")
  void productsOfAllSizes(MatrixUnits units, GgmlType type) {
    int block = type.blockSize();
    int[][] shapes =
        switch (block) {
          case 1 -> new int[][] {{8, 1}, {40, 129}, {104, 260}, {33, 70}};
          case 32 -> new int[][] {{32, 1}, {160, 129}};
          default -> new int[][] {{256, 129}};
        };
    for (int[] shape : shapes) {
      Scene scene = new Scene();
      float[] input = tokens(shape[0]);
      TensorSpec weight = scene.matrix(type, shape[0], shape[1]);
      Value out = scene.graph.matMul(weight, scene.source(input));
      compare(scene, input, out, units, bound(type, units));
    }
  }

  /** Weights of several types read the same tokens, each as it needs them, and what comes of it. */
  @ParameterizedTest
  @MethodSource("units")
  void typesTogether(MatrixUnits units) {
    Scene scene = new Scene();
    float[] input = tokens(64);
    Value in = scene.source(input);
    Value sum = null;
    for (GgmlType type :
        List.of(GgmlType.F16, GgmlType.Q8_0, GgmlType.F16, GgmlType.BF16, GgmlType.F32)) {
      Value product = scene.graph.matMul(scene.matrix(type, 64, 96), in);
      sum = sum == null ? product : scene.graph.add(sum, product);
    }
    Value out = scene.graph.matMul(scene.matrix(GgmlType.F16, 96, 40), sum);
    compare(scene, input, out, units, 2e-4);
  }

  static Stream<MatrixUnits> units() {
    return UNITS.stream();
  }

  static Stream<Arguments> experts() {
    List<GgmlType> types = List.of(GgmlType.F16, GgmlType.BF16, GgmlType.F32, GgmlType.Q8_0);
    return UNITS.stream().flatMap(u -> types.stream().map(type -> arguments(u, type)));
  }

  /** Some experts have more tokens than a tile. */
  @ParameterizedTest
  @MethodSource("experts")
  void expertsWithManyTokens(MatrixUnits units, GgmlType type) {
    Scene scene = new Scene();
    float[] input = tokens(64);
    Value in = scene.source(input);
    float[] scores = new float[3 * MOST];
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < scores.length; i++) {
      scores[i] = random.nextFloat();
    }
    Value logits = scene.source(scores);
    Value routing = scene.graph.route(2, true, 1, logits);
    TensorSpec up = scene.with(TensorSpec.experts("up", type, 64, 160, 3));
    TensorSpec down = scene.with(TensorSpec.experts("down", type, 160, 48, 3));
    Value inner = scene.graph.expertMatMul(up, routing, in);
    Value out = scene.graph.expertSum(routing, scene.graph.expertMatMul(down, routing, inner));
    compare(scene, input, out, units, 4 * bound(type, units));
  }

  private static Set<String> entries(MatrixUnits units, GgmlType type, int cols) {
    Scene scene = new Scene();
    Value in = scene.graph.input(cols);
    Value out = scene.graph.matMul(scene.matrix(type, cols, 128), in);
    Graph graph = scene.graph.build(Output.HIDDEN, out);
    CardFeatures features = new CardFeatures(units, true, true, true, Flavour.CUDA.tuning());
    Set<String> entries = new TreeSet<>();
    for (Launch launch :
        new CardPlan(graph, LIMITS, Parts.WHOLE, features).launches(Output.HIDDEN)) {
      if (!launch.kernel().entry().contains("atvec")) {
        entries.add(launch.kernel().entry());
      }
    }
    return entries;
  }

  @Test
  void eachTypeHasItsKernels() {
    MatrixUnits turing = MatrixUnits.TURING;
    MatrixUnits ampere = MatrixUnits.AMPERE;
    Set<String> halves = Set.of("matmulHalves", "narrowF16");
    assertEquals(halves, entries(turing, GgmlType.F16, 64));
    assertEquals(halves, entries(ampere, GgmlType.F16, 64));
    assertEquals(Set.of("matmulHalves", "narrowBF16"), entries(ampere, GgmlType.BF16, 64));
    assertEquals(Set.of("matmulTensor"), entries(ampere, GgmlType.F32, 64));
    for (GgmlType type : List.of(GgmlType.BF16, GgmlType.F32)) {
      assertEquals(Set.of("matmul"), entries(turing, type, 64));
    }
    // Copies of 16 bytes would not be aligned.
    assertEquals(Set.of("matmul"), entries(ampere, GgmlType.F16, 36));
    Set<String> integers = Set.of("integerMatmul", "roundRows");
    UNITS.forEach(units -> assertEquals(integers, entries(units, GgmlType.Q8_0, 64)));
  }
}
