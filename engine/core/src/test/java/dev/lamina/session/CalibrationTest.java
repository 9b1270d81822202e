package dev.lamina.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.Step;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.backend.Weight;
import dev.lamina.backend.reference.ReferenceDevice;
import dev.lamina.backend.testing.FakeGpu;
import dev.lamina.backend.testing.FakeProvider;
import dev.lamina.features.Backends;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.model.Architectures;
import dev.lamina.model.DecoderGraph;
import dev.lamina.model.ModelOptions;
import dev.lamina.model.TensorCatalog;
import dev.lamina.model.synthetic.SyntheticModel;
import dev.lamina.quantize.ImportanceCollector;
import dev.lamina.quantize.ImportanceMatrix;
import dev.lamina.testing.Demo;
import dev.lamina.testing.Shared;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CalibrationTest {
  private static final LoadOptions OPTIONS = LoadOptions.DEFAULT.withKv(GgmlType.F32, GgmlType.F32);

  private static Backends backends(FakeGpu... gpus) {
    return Backends.of(List.of(FakeProvider.of("fake", gpus)), DeviceOptions.DEFAULT);
  }

  private static int[] tokens(int count) {
    return IntStream.range(0, count).map(i -> 5 + i * i * 7 % 900).toArray();
  }

  private static ImportanceMatrix calibrate(
      Path file, int[] tokens, int window, int ubatch, Backends backends) {
    TextWindows windows = TextWindows.halves(tokens, window, -1, -1);
    ImportanceCollector collector = new ImportanceCollector();
    long[] last = new long[2];
    try (Calibration calibration = Calibration.open(file, OPTIONS.withUbatch(ubatch), backends)) {
      calibration.run(
          windows,
          collector,
          (done, total) -> {
            assertTrue(done >= last[0] && done <= total);
            last[0] = done;
            last[1] = total;
          });
    }
    assertEquals(last[1], last[0], "all of the work was told");
    return collector.matrix("text", windows.count(), window);
  }

  /** Sums of squares from the whole model as one graph, for each tensor of a layer. */
  private static Map<String, double[]> whole(Path path, int[] tokens, int window, int layer) {
    Map<String, double[]> sums = new HashMap<>();
    try (GgufFile file = GgufFile.open(path);
        Device device = ReferenceDevice.create()) {
      DecoderGraph model =
          Architectures.graph(file.metadata(), TensorCatalog.of(file.tensors()), OPTIONS.model());
      Graph all = model.stage(0, model.layers(), false);
      TappedSegment.readers(all.ops())
          .forEach(
              (tap, readers) -> {
                for (Op op : readers) {
                  TensorSpec weight = op.weights().getFirst();
                  if (weight.name().startsWith("blk." + layer + ".")) {
                    double[] sum = new double[weight.cols() * weight.experts()];
                    for (int w = 0; w + window <= tokens.length; w += window) {
                      int[] part = Arrays.copyOfRange(tokens, w, w + window);
                      float[] rows = run(device, file, model, all, tap, part);
                      float[] routing =
                          op instanceof Op.ExpertMatMul m
                              ? run(device, file, model, all, m.routing(), part)
                              : null;
                      add(op, rows, routing, window, sum);
                    }
                    sums.put(weight.name(), sum);
                  }
                }
              });
    }
    return sums;
  }

  private static void add(Op op, float[] rows, float[] routing, int count, double[] sum) {
    int cols = op.weights().getFirst().cols();
    int used = op instanceof Op.ExpertMatMul m ? m.used() : 1;
    boolean each = op instanceof Op.ExpertMatMul m && m.in().width() != cols;
    for (int t = 0; t < count; t++) {
      for (int slot = 0; slot < used; slot++) {
        int expert = routing == null ? 0 : (int) routing[t * 2 * used + slot];
        int from = (each ? t * used + slot : t) * cols;
        for (int i = 0; i < cols; i++) {
          sum[expert * cols + i] += Math.pow(rows[from + i], 2);
        }
      }
    }
  }

  private static float[] run(
      Device device, GgufFile file, DecoderGraph model, Graph all, Value tap, int[] tokens) {
    int n = tokens.length;
    int[] numbers = IntStream.range(0, n).toArray();
    Limits.PageGroup group = new Limits.PageGroup(1, 1);
    Limits limits = new Limits(n, n, 1, 256, model.groups().stream().map(g -> group).toList());
    int[][][] pages = new int[model.groups().size()][1][1];
    Step step =
        new Step(tokens, numbers, new int[n], new int[] {0}, pages, List.of(), Output.HIDDEN);
    Graph tapped = new Graph(all.input(), all.ops(), Map.of(Output.HIDDEN, tap));
    List<Graph> graphs = List.of(model.embedding(), tapped);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment hidden = null;
      for (Graph graph : graphs) {
        Map<TensorSpec, Weight> weights = new HashMap<>();
        for (TensorSpec spec : graph.weights()) {
          weights.put(spec, device.load(spec, file.data(file.tensor(spec.name()).orElseThrow())));
        }
        try (Program program = device.compile(graph, weights, limits)) {
          if (hidden != null) {
            program.input().write(0, hidden);
          }
          program.submit(step).await();
          hidden = arena.allocate(4L * n * graph.outputs().get(Output.HIDDEN).width());
          program.output(Output.HIDDEN).read(0, hidden);
        }
        weights.values().forEach(Weight::close);
      }
      return hidden.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private static void assertSums(Map<String, double[]> expected, ImportanceMatrix matrix) {
    assertFalse(expected.isEmpty());
    expected.forEach(
        (name, sums) -> {
          float[] actual = matrix.entries().get(name).sums();
          assertEquals(sums.length, actual.length, name);
          double most = Arrays.stream(sums).max().orElseThrow();
          for (int i = 0; i < sums.length; i++) {
            assertEquals(sums[i], actual[i], 1e-5 * sums[i] + 1e-7 * most, name + " " + i);
          }
        });
  }

  /** What a part of the repository has: windows, head norms, norms behind the blocks. */
  @ParameterizedTest(name = "windows of {0}, steps of {1}")
  @CsvSource({"32, 32", "32, 9", "16, 50"})
  void seesWhatTheWholeModelSees(int window, int ubatch) throws Exception {
    Path gemma =
        Path.of(
            dev.lamina.model.Architectures.class
                .getResource("/dev/lamina/model/gemma3.gguf")
                .toURI());
    int[] tokens = tokens(70);
    ImportanceMatrix matrix = calibrate(gemma, tokens, window, ubatch, backends());
    int last = 6;
    assertTrue(matrix.entries().containsKey("blk." + last + ".ffn_down.weight"));
    assertSums(whole(gemma, tokens, window, 0), matrix);
    assertSums(whole(gemma, tokens, window, last), matrix);
    assertEquals(70 / window * window, matrix.entries().firstEntry().getValue().counts()[0]);
  }

  @ParameterizedTest
  @ValueSource(strings = {"mixtral-moe", "qwen2moe", "qwen3moe"})
  void countsEachExpertByItself(String name) {
    Path file = Shared.reference("architectures/" + name + ".gguf");
    int[] tokens = tokens(48);
    ImportanceMatrix matrix = calibrate(file, tokens, 24, 24, backends());
    assertSums(whole(file, tokens, 24, 1), matrix);
    var down = matrix.entries().get("blk.1.ffn_down_exps.weight");
    var router = matrix.entries().get("blk.1.ffn_gate_inp.weight");
    long all = Arrays.stream(down.counts()).sum();
    assertEquals(48, router.counts()[0]);
    assertTrue(down.counts().length > 1 && all % 48 == 0 && all >= 96, "" + all);
  }

  @Test
  void runsOnDevicesWithMemoryOfTheirOwn() {
    int[] tokens = tokens(64);
    ImportanceMatrix onCpu = calibrate(Demo.model(), tokens, 32, 64, backends());
    ImportanceMatrix onGpu =
        calibrate(Demo.model(), tokens, 32, 64, backends(FakeGpu.builder("fake0").build()));
    assertEquals(56, onGpu.entries().size());
    onCpu
        .entries()
        .forEach(
            (name, entry) -> {
              float[] sums = onGpu.entries().get(name).sums();
              for (int i = 0; i < sums.length; i++) {
                assertEquals(entry.sums()[i], sums[i], 1e-4 * entry.sums()[i], name);
              }
            });
  }

  @Test
  void everyMatrixOfEveryShapeIsSeen() {
    for (String shape : List.of("llama-8b", "mixtral-8x7b", "qwen2-57b-a14b", "gemma2-2b")) {
      SyntheticModel made = SyntheticModel.of(shape, "Q8_0");
      DecoderGraph model =
          Architectures.graph(
              made.metadata(), TensorCatalog.of(made.tensors()), ModelOptions.DEFAULT);
      Graph layer = model.stage(1, 2, false);
      List<TappedSegment> segments = TappedSegment.of(layer);
      assertEquals(2, segments.size(), "cut at the residual between attention and the rest");
      assertEquals(layer.input(), segments.getFirst().input());
      assertEquals(layer.outputs().get(Output.HIDDEN), segments.getLast().output());
      Set<String> seen = new HashSet<>();
      for (TappedSegment segment : segments) {
        List<Value> given = new ArrayList<>(List.of(segment.input()));
        for (TappedSegment.Piece piece : segment.pieces()) {
          given.add(piece.hidden());
          given.add(piece.rows());
        }
        TappedSegment.readers(segment.pieces().getFirst().graph().ops())
            .forEach(
                (tap, ops) -> {
                  assertTrue(given.contains(tap), shape + " " + tap);
                  ops.forEach(op -> assertTrue(seen.add(op.weights().getFirst().name())));
                });
      }
      long matrices =
          layer.ops().stream()
              .filter(op -> op instanceof Op.MatMul || op instanceof Op.ExpertMatMul)
              .count();
      assertEquals(matrices, seen.size(), shape);
    }
  }

  @Test
  void aShortTextIsToldOf() {
    assertThrows(
        LaminaException.class, () -> calibrate(Demo.model(), tokens(10), 32, 32, backends()));
  }
}
