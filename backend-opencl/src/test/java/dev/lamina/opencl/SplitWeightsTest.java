package dev.lamina.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.Graph;
import dev.lamina.backend.GraphBuilder;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.Step;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.backend.Weight;
import dev.lamina.backend.reference.ReferenceDevice;
import dev.lamina.backend.testing.RandomBlocks;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights larger than the largest buffer of a device. */
class SplitWeightsTest {
  private static final int WIDTH = 64;

  /** Room for the activations of ten tokens, not for the weights. */
  private static final int MOST = 30_000;

  private static final int TOKENS = 10;

  private static final TensorSpec TABLE =
      TensorSpec.embedding("token_embd.weight", GgmlType.Q8_0, WIDTH, 1000);
  private static final TensorSpec MATRIX = TensorSpec.matrix("matrix", GgmlType.Q8_0, WIDTH, 701);
  private static final TensorSpec BIAS = TensorSpec.vector("bias", GgmlType.F32, 701);
  private static final TensorSpec ROUTER = TensorSpec.matrix("router", GgmlType.F32, WIDTH, 5);
  private static final TensorSpec EXPERTS =
      TensorSpec.experts("experts", GgmlType.Q8_0, WIDTH, 130, 5);

  private static OpenClDevice open() {
    return TestDevices.open("OpenCL0", s -> s.withMostAllocation(MOST));
  }

  private static Graph graph(boolean experts) {
    GraphBuilder builder = new GraphBuilder();
    Value in = builder.embed(TABLE);
    if (experts) {
      Value routing = builder.route(2, true, 1, builder.matMul(ROUTER, in));
      return builder.build(Output.HIDDEN, builder.expertMatMul(EXPERTS, routing, in));
    }
    return builder.build(Output.HIDDEN, builder.matMul(MATRIX, BIAS, in));
  }

  private static float[] run(Device device, Graph graph, int tokens) {
    Map<TensorSpec, Weight> weights = new HashMap<>();
    for (TensorSpec spec : graph.weights()) {
      weights.put(spec, device.load(spec, RandomBlocks.of(spec, 3)));
    }
    Limits limits = new Limits(TOKENS, TOKENS, TOKENS, 16, List.of());
    int width = graph.outputs().get(Output.HIDDEN).width();
    try (Program program = device.compile(graph, weights, limits)) {
      int[] ids = IntStream.range(0, tokens).map(t -> (t * 397 + 999) % 1000).toArray();
      int[] all = IntStream.range(0, tokens).toArray();
      program.submit(new Step(ids, all, all, all, new int[0][][], List.of(), Output.HIDDEN));
      float[] out = new float[tokens * width];
      program.output(Output.HIDDEN).read(0, MemorySegment.ofArray(out));
      return out;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, TOKENS})
  void partsGiveTheSame(int tokens) {
    try (OpenClDevice device = open();
        Device oracle = ReferenceDevice.create()) {
      for (boolean experts : new boolean[] {false, true}) {
        Graph graph = graph(experts);
        float[] actual = run(device, graph, tokens);
        float[] expected = run(oracle, graph, tokens);
        for (int i = 0; i < expected.length; i++) {
          assertEquals(expected[i], actual[i], 1e-3f, "value " + i);
        }
      }
    }
  }

  @Test
  void whatCannotBeCutIsRefused() {
    TensorSpec wide = TensorSpec.matrix("wide", GgmlType.F32, 100_000, 2);
    Value in = new Value(0, 100_000, Value.Rows.TOKENS);
    Value out = new Value(1, 2, Value.Rows.TOKENS);
    try (OpenClDevice device = open()) {
      Support answer = device.supports(new Op.MatMul(wide, null, in, out));
      Support.No no = assertInstanceOf(Support.No.class, answer);
      assertTrue(no.reason().contains("400000 bytes must lie together"), no.reason());
      DeviceException e = assertThrows(DeviceException.class, () -> device.allocate(200_000));
      assertEquals(DeviceException.Kind.OUT_OF_MEMORY, e.kind());
    }
  }
}
