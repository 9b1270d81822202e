package dev.lamina.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Graph;
import dev.lamina.backend.GraphBuilder;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.Step;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.backend.Weight;
import dev.lamina.cpu.code.InstructionSet;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** When the SIMD kernels take over from their plain form, and what the warm-up does. */
class TiersTest {
  private static final KvSpec KV = new KvSpec(0, 0, 2, 16, 16, GgmlType.F16, GgmlType.F16);

  /** A product of {@code size * size} multiply-adds a token. */
  private static Graph product(GgmlType type, int size) {
    GraphBuilder builder = new GraphBuilder();
    Value in = builder.input(size);
    return builder.build(
        Output.HIDDEN, builder.matMul(TensorSpec.matrix("w", type, size, size), in));
  }

  private static Step step(int position, int tokens) {
    int[] positions = new int[tokens];
    for (int i = 0; i < tokens; i++) {
      positions[i] = position + i;
    }
    int[][][] pages = {{{1, 0, 2, 3}}};
    return new Step(
        new int[tokens],
        positions,
        new int[tokens],
        new int[] {0},
        pages,
        List.of(),
        Output.HIDDEN);
  }

  @Test
  void warmsAndSwitchesAtTheSameStepAlways() {
    AtomicInteger warmed = new AtomicInteger();
    Tiers tiers =
        Tiers.of(
            product(GgmlType.Q8_0, 1024),
            Start.AUTO,
            step -> {
              warmed.incrementAndGet();
              return null;
            });
    // 2^29 multiply-adds a step
    long before = Tiers.WARM_FROM / (1L << 29) - 1;
    long plain = Tiers.SIMD_FROM / (1L << 29);
    for (int i = 0; i < plain; i++) {
      assertTrue(tiers.plain(step(0, 512)), "step " + i);
      assertEquals(i < before, warmed.get() == 0, "step " + i);
    }
    assertFalse(tiers.plain(step(0, 512)));
    assertFalse(tiers.plain(step(0, 1)), "for good");
  }

  @Test
  void takesTurnsWhereAsked() {
    Tiers tiers = Tiers.of(product(GgmlType.Q8_0, 32), Start.TURNS, step -> null);
    for (int i = 0; i < 4; i++) {
      assertEquals(i % 2 == 0, tiers.plain(step(0, 1)), "step " + i);
    }
  }

  @Test
  void largeStepsAreNotForThePlainForm() {
    Tiers tiers = Tiers.of(product(GgmlType.F16, 1024), Start.AUTO, step -> null);
    assertTrue(tiers.plain(step(0, 1024)));
    assertFalse(tiers.plain(step(0, 1025)));
    assertFalse(tiers.plain(step(0, 1)), "for good");
  }

  @Test
  void largeModelsAndOtherTypesBeginWithSimd() {
    assertNotNull(Tiers.of(product(GgmlType.Q8_0, 8192), Start.AUTO, step -> null));
    assertNull(Tiers.of(product(GgmlType.Q8_0, 8192 + 32), Start.AUTO, step -> null));
    assertNotNull(Tiers.of(product(GgmlType.Q8_0, 8192 + 32), Start.PLAIN, step -> null));
    assertNull(Tiers.of(product(GgmlType.Q4_K, 1024), Start.PLAIN, step -> null));
    assertNull(Tiers.of(product(GgmlType.Q8_0, 1024), Start.SIMD, step -> null));
  }

  /** A layer's worth of ops with random weights, on a device of its own. */
  private static final class Layer implements AutoCloseable {
    final Graph graph;
    final Limits limits = new Limits(16, 1, 1, 16, List.of(new Limits.PageGroup(4, 4)));
    final Map<TensorSpec, CpuWeight> weights = new HashMap<>();
    private final CpuDevice device;

    Layer(Start start) {
      device = new CpuDevice(new DeviceOptions(2, true), start);
      GraphBuilder b = new GraphBuilder();
      Value in = b.input(32);
      Value normed = b.rmsNorm(TensorSpec.vector("norm", GgmlType.F32, 32), 1e-5f, in);
      Value k = b.matMul(TensorSpec.matrix("k", GgmlType.F32, 32, 32), normed);
      b.kvStore(KV, k, k);
      Value attended = b.attention(KV, 2, 0.25f, 0, 0, normed);
      graph = b.build(Output.HIDDEN, b.add(in, attended));
      Random random = new Random(1);
      for (TensorSpec spec : graph.weights()) {
        float[] values = new float[spec.cols() * spec.rows()];
        for (int i = 0; i < values.length; i++) {
          values[i] = (float) random.nextGaussian();
        }
        weights.put(spec, (CpuWeight) device.load(spec, MemorySegment.ofArray(values)));
      }
    }

    /** The kernels that the weights are laid out for. */
    KernelFamily family() {
      return KernelFamily.of(InstructionSet.choose().isa());
    }

    /** The hidden states of two steps. */
    float[] run() {
      Map<TensorSpec, Weight> loaded = new HashMap<>(weights);
      Program program = device.compile(graph, loaded, limits);
      float[] all = new float[2 * 16 * 32];
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment rows = arena.allocate(4L * 16 * 32, 64);
        for (int i = 0; i < 16 * 32; i++) {
          rows.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) Math.sin(i));
        }
        for (int i = 0; i < 2; i++) {
          program.input().write(0, rows);
          program.submit(step(16 * i, 16)).await();
          MemorySegment out = arena.allocate(4L * 16 * 32, 64);
          program.output(Output.HIDDEN).read(0, out);
          MemorySegment.copy(out, ValueLayout.JAVA_FLOAT, 0, all, 512 * i, 512);
        }
      }
      return all;
    }

    @Override
    public void close() {
      device.close();
    }
  }

  @Test
  void bothFormsAgreeButForRounding() {
    try (Layer simd = new Layer(Start.SIMD);
        Layer plain = new Layer(Start.PLAIN);
        Layer auto = new Layer(Start.AUTO)) {
      float[] expected = simd.run();
      float[] actual = plain.run();
      double difference = 0;
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], actual[i], 1e-4, "value " + i);
        difference += Math.abs(expected[i] - actual[i]);
      }
      assertNotEquals(0, difference, "these were not two forms");
      float[] first = auto.run();
      for (int i = 0; i < expected.length; i++) {
        assertEquals(actual[i], first[i], "a small program begins in plain form: value " + i);
      }
    }
  }

  @Test
  void warmUpRunsToItsEndAndLeavesTheWeightsAlone() throws InterruptedException {
    try (Layer layer = new Layer(Start.SIMD)) {
      float[] before = layer.run();
      try (WarmUp warmUp =
          WarmUp.start(layer.graph, layer.weights, layer.limits, Output.HIDDEN, layer.family())) {
        warmUp.await();
        assertTrue(warmUp.rounds() > 1, warmUp.rounds() + " rounds");
      }
      float[] after = layer.run();
      for (int i = 0; i < before.length; i++) {
        assertEquals(before[i], after[i]);
      }
    }
  }

  @Test
  void warmUpEndsWhenClosed() {
    try (Layer layer = new Layer(Start.SIMD)) {
      for (int i = 0; i < 20; i++) {
        WarmUp warmUp =
            WarmUp.start(layer.graph, layer.weights, layer.limits, Output.HIDDEN, layer.family());
        if (i % 2 == 0) {
          Thread.onSpinWait();
        }
        warmUp.close();
        assertFalse(warmUp.isRunning());
        warmUp.close();
      }
    }
  }
}
