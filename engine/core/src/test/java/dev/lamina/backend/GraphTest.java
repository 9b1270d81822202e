package dev.lamina.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.Value.Rows;
import dev.lamina.gguf.GgmlType;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class GraphTest {
  private static final KvSpec KV = new KvSpec(0, 0, 2, 32, 64, GgmlType.F16, GgmlType.F32);

  private static void refused(String part, Executable body) {
    String message = assertThrows(IllegalArgumentException.class, body).getMessage();
    assertTrue(message.contains(part), message);
  }

  private static TensorSpec matrix(int cols, int rows) {
    return TensorSpec.matrix("matrix " + cols + " x " + rows, GgmlType.F32, cols, rows);
  }

  @Test
  void builderGivesWidths() {
    GraphBuilder graph = new GraphBuilder();
    Value in = graph.input(64);
    Value k = graph.matMul(matrix(64, 64), in);
    Value v = graph.matMul(matrix(64, 128), in);
    graph.kvStore(KV, k, v);
    Value q = graph.matMul(matrix(64, 128), in);
    Value mixed = graph.attention(KV, 4, 1, 0, 0, q);
    assertEquals(256, mixed.width());
    Value routing = graph.route(3, true, 1, graph.matMul(matrix(64, 8), in));
    assertEquals(6, routing.width());
    TensorSpec experts = TensorSpec.experts("experts", GgmlType.F32, 64, 10, 8);
    Value slots = graph.expertMatMul(experts, routing, in);
    assertEquals(30, slots.width());
    assertEquals(10, graph.expertSum(routing, slots).width());
    Value chosen = graph.selectOutputs(mixed);
    assertEquals(Rows.OUTPUTS, chosen.rows());
    Value best = graph.argmax(chosen);
    Graph built = graph.build(Map.of(Output.LOGITS, chosen, Output.GREEDY, best));
    assertEquals(List.of(KV), List.copyOf(built.kv()));
    // The queries' matrix is the values' one.
    assertEquals(4, built.weights().size());
    assertEquals(best.id() + 1, built.valueCount());
  }

  @Test
  void refusesShapesThatDoNotFit() {
    GraphBuilder graph = new GraphBuilder();
    Value in = graph.input(64);
    Value other = graph.matMul(matrix(64, 33), in);
    TensorSpec bias = TensorSpec.vector("bias", GgmlType.F32, 5);
    TensorSpec experts = TensorSpec.experts("experts", GgmlType.F32, 64, 8, 4);
    refused("should be 65 wide", () -> graph.matMul(matrix(65, 3), in));
    refused("no vector of 64", () -> graph.matMul(matrix(64, 64), bias, in));
    refused("holds 4 matrices", () -> graph.matMul(experts, in));
    refused("differ in width", () -> graph.add(in, other));
    refused("different kinds", () -> graph.add(in, graph.selectOutputs(in)));
    refused("no multiple of 5", () -> graph.rmsNorm(bias, 1, in));
    refused("uses 34 of 33", () -> graph.route(34, true, 1, other));
    refused("key heads evenly", () -> graph.attention(KV, 3, 1, 0, 0, in));
    refused("from tokens", () -> graph.selectOutputs(graph.selectOutputs(in)));
    refused("1 wide", () -> graph.sigmoidGate(other, in));
  }

  @Test
  void refusesWhatIsReadTooEarlyOrWrittenTwice() {
    Value in = new Value(0, 4, Rows.TOKENS);
    Value a = new Value(1, 4, Rows.TOKENS);
    Value b = new Value(2, 4, Rows.TOKENS);
    Op first = new Op.Scale(2, in, a);
    Op second = new Op.Scale(2, a, b);
    Map<Output, Value> out = Map.of(Output.HIDDEN, b);
    assertEquals(3, new Graph(in, List.of(first, second), out).valueCount());
    refused("no op before it writes", () -> new Graph(in, List.of(second, first), out));
    refused("no op before it writes", () -> new Graph(null, List.of(first, second), out));
    refused("once more", () -> new Graph(in, List.of(first, first, second), out));
    refused("not written", () -> new Graph(in, List.of(first), out));
    refused("wrong kind", () -> new Graph(in, List.of(first), Map.of(Output.LOGITS, a)));
    refused(
        "no Argmax",
        () -> {
          GraphBuilder graph = new GraphBuilder();
          graph.build(Output.GREEDY, graph.selectOutputs(graph.input(1)));
        });
  }

  @Test
  void refusesInconsistentKeysAndValues() {
    GraphBuilder early = new GraphBuilder();
    Value q = early.attention(KV, 2, 1, 0, 0, early.input(64));
    refused("no op before it stores", () -> early.build(Output.HIDDEN, q));
    GraphBuilder twice = new GraphBuilder();
    Value in = twice.input(64);
    Value v = twice.matMul(matrix(64, 128), in);
    twice.kvStore(KV, in, v);
    twice.kvStore(KV, in, v);
    refused("once more", () -> twice.build(Output.HIDDEN, v));
    refused("cannot be kept", () -> new KvSpec(0, 0, 2, 80, 80, GgmlType.F16, GgmlType.Q8_0));
    refused("cannot be kept", () -> new KvSpec(0, 0, 2, 64, 64, GgmlType.Q5_0, GgmlType.F16));
  }

  @Test
  void ropesMustFitTheirHeads() {
    TensorSpec few = TensorSpec.vector("few", GgmlType.F32, 3);
    RopeSpec.Pairing pairing = RopeSpec.Pairing.HALVES;
    refused("turns 66 of 64", () -> new RopeSpec(64, 66, pairing, 1, 1, 0, 1, 32, 1, 1, null));
    refused("turns 7 of 64", () -> new RopeSpec(64, 7, pairing, 1, 1, 0, 1, 32, 1, 1, null));
    refused("3 factors", () -> new RopeSpec(8, 8, pairing, 1, 1, 0, 1, 32, 1, 1, few));
  }

  @Test
  void findsTheOpsThatAnOutputNeeds() {
    GraphBuilder graph = new GraphBuilder();
    Value in = graph.input(64);
    graph.kvStore(KV, in, graph.matMul(matrix(64, 128), in));
    Value chosen = graph.selectOutputs(in);
    Value logits = graph.matMul(matrix(64, 9), chosen);
    Value best = graph.argmax(logits);
    Graph built = graph.build(Map.of(Output.LOGITS, logits, Output.GREEDY, best));
    List<Op> all = built.ops();
    assertEquals(all, built.opsFor(Output.GREEDY));
    assertEquals(all.subList(0, 4), built.opsFor(Output.LOGITS));
    assertEquals(all, built.opsFor(Output.HIDDEN));
  }

  @Test
  void plansMemoryWithoutOverlap() {
    GraphBuilder graph = new GraphBuilder();
    Value in = graph.input(64);
    Value x = in;
    for (int layer = 0; layer < 20; layer++) {
      TensorSpec up = TensorSpec.matrix("up" + layer, GgmlType.F32, 64, 200);
      TensorSpec down = TensorSpec.matrix("down" + layer, GgmlType.F32, 200, 64);
      Value inner = graph.matMul(up, x);
      Value gated = graph.gated(Op.Activation.SILU, inner, graph.scale(2, inner));
      x = graph.add(x, graph.matMul(down, gated));
    }
    Graph built = graph.build(Output.HIDDEN, x);
    Limits limits = new Limits(8, 1, 1, 16, List.of());
    ActivationPlan plan = ActivationPlan.of(built, limits);
    // A row of 64 and three of 200 are in use at once, beside the input and the output; the row of
    // 64 may lie in a slot of 200. Twenty layers need no more than one.
    assertTrue(plan.bytes() <= 8 * 4 * (2 * 64 + 4 * 200), plan.bytes() + " bytes");
    for (int i = 0; i < built.ops().size(); i++) {
      Op op = built.ops().get(i);
      int slot = plan.slot(op.output());
      assertTrue(plan.slotBytes(slot) >= ActivationPlan.bytes(op.output(), limits));
      // Nothing that is still read from here on may live where this op writes.
      for (Op later : built.ops().subList(i, built.ops().size())) {
        for (Value read : later.inputs()) {
          boolean written =
              read.equals(in)
                  || built.ops().subList(0, i).stream().anyMatch(o -> read.equals(o.output()));
          assertTrue(!written || plan.slot(read) != slot, () -> op + " writes over " + read);
        }
      }
    }
  }

  private static final Limits LIMITS = new Limits(4, 2, 2, 16, List.of(new Limits.PageGroup(3, 2)));

  private static Step step(int[] positions, int[] slots, int[] outputs, int[][] pages) {
    return new Step(
        new int[positions.length],
        positions,
        slots,
        outputs,
        new int[][][] {pages},
        List.of(),
        Output.HIDDEN);
  }

  @Test
  void limitsRefuseStepsThatDoNotFit() {
    int[] none = {};
    int[][] pages = {{0, 2}, {1, -1}};
    LIMITS.check(step(new int[] {15, 16, 3}, new int[] {0, 0, 1}, new int[] {1, 2}, pages));
    refused("0 tokens", () -> LIMITS.check(step(none, none, none, pages)));
    refused(
        "5 tokens", () -> LIMITS.check(step(new int[] {0, 1, 2, 3, 4}, new int[5], none, pages)));
    refused("of slot 2", () -> LIMITS.check(step(new int[1], new int[] {2}, none, pages)));
    refused("in page -1", () -> LIMITS.check(step(new int[] {16}, new int[] {1}, none, pages)));
    refused(
        "beyond the page table",
        () -> LIMITS.check(step(new int[] {32}, new int[] {0}, none, pages)));
    refused(
        "beyond the page table",
        () -> LIMITS.check(step(new int[1], new int[] {1}, none, new int[][] {{0}, null})));
    refused("do not ascend", () -> LIMITS.check(step(new int[] {1, 3}, new int[2], none, pages)));
    refused(
        "stand together",
        () -> LIMITS.check(step(new int[] {1, 0, 2}, new int[] {0, 1, 0}, none, pages)));
    refused(
        "output row",
        () -> LIMITS.check(step(new int[] {0, 1}, new int[2], new int[] {1, 0}, pages)));
    refused(
        "3 outputs",
        () -> LIMITS.check(step(new int[] {0, 1, 2}, new int[3], new int[] {0, 1, 2}, pages)));
  }
}
