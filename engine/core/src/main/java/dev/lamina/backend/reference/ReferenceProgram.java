package dev.lamina.backend.reference;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lamina.backend.ActivationPlan;
import dev.lamina.backend.Buffer;
import dev.lamina.backend.Completion;
import dev.lamina.backend.Graph;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.ProgramBuffers;
import dev.lamina.backend.Step;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.backend.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Interprets a graph, op by op. */
final class ReferenceProgram implements Program, Resource {
  private final Graph graph;
  private final Map<TensorSpec, Weight> weights;
  private final Limits limits;
  private final Arena arena;
  private final Map<KvSpec, KvPages> pages = new HashMap<>();
  private final ActivationPlan plan;
  private final List<float[]> memory = new ArrayList<>();
  private final Map<Output, List<Op>> ops = new EnumMap<>(Output.class);
  private final ProgramBuffers<HostBuffer> buffers;

  /** {@code arena}: freed with this program. */
  ReferenceProgram(Graph graph, Map<TensorSpec, Weight> weights, Limits limits, Arena arena) {
    this.arena = arena;
    this.graph = graph;
    this.weights = Map.copyOf(weights);
    this.limits = limits;
    for (KvSpec spec : graph.kv()) {
      pages.put(spec, new KvPages(spec, limits, arena));
    }
    plan = ActivationPlan.of(graph, limits);
    for (int i = 0; i < plan.slots(); i++) {
      memory.add(new float[Math.toIntExact(plan.slotBytes(i) / Float.BYTES)]);
    }
    for (Output output : Output.values()) {
      ops.put(output, graph.opsFor(output));
    }
    Function<Value, HostBuffer> memory =
        value -> HostBuffer.within(arena, ActivationPlan.bytes(value, limits));
    buffers = new ProgramBuffers<>(graph, memory, memory);
  }

  @Override
  public Buffer input() {
    return buffers.input();
  }

  @Override
  public Buffer output(Output output) {
    return buffers.output(output);
  }

  @Override
  public Completion submit(Step step) {
    if (!isOpen()) {
      throw new IllegalStateException("the program is closed");
    }
    limits.check(step);
    for (Step.PageCopy copy : step.copies()) {
      pages.forEach(
          (spec, layer) -> {
            if (spec.group() == copy.group()) {
              layer.copy(copy.from(), copy.to());
            }
          });
    }
    if (graph.input() != null) {
      int n = step.tokens() * graph.input().width();
      MemorySegment.copy(buffers.input().memory(), JAVA_FLOAT, 0, values(graph.input()), 0, n);
    }
    for (Op op : ops.get(step.want())) {
      run(op, step);
    }
    buffers
        .outputs()
        .forEach(
            (output, buffer) -> {
              if (output == step.want() || !graph.outputs().containsKey(step.want())) {
                Value value = graph.outputs().get(output);
                int n = rows(value, step) * value.width();
                MemorySegment.copy(values(value), 0, buffer.memory(), JAVA_FLOAT, 0, n);
              }
            });
    return Completion.DONE;
  }

  @Override
  public void close() {
    if (isOpen()) {
      arena.close();
    }
  }

  @Override
  public boolean isOpen() {
    return arena.scope().isAlive();
  }

  private float[] values(Value value) {
    return memory.get(plan.slot(value));
  }

  private ReferenceDevice.ReferenceWeight weight(TensorSpec spec) {
    return (ReferenceDevice.ReferenceWeight) weights.get(spec);
  }

  private static int rows(Value value, Step step) {
    return switch (value.rows()) {
      case TOKENS -> step.tokens();
      case OUTPUTS -> step.outputs();
    };
  }

  private void run(Op op, Step step) {
    switch (op) {
      case Op.Embed o -> Matrices.embed(weight(o.table()), step.tokenIds(), values(o.out()));
      case Op.MatMul o -> {
        float[] bias = o.bias() == null ? null : weight(o.bias()).vector();
        Matrices.multiply(
            weight(o.weight()), bias, values(o.in()), values(o.out()), rows(o.in(), step));
      }
      case Op.ExpertMatMul o ->
          Matrices.multiplyExperts(
              weight(o.weight()),
              o.used(),
              values(o.routing()),
              values(o.in()),
              o.in().width() != o.weight().cols(),
              values(o.out()),
              rows(o.in(), step));
      case Op.RmsNorm o ->
          Vectors.rmsNorm(
              weight(o.gamma()).vector(), o.eps(), values(o.in()), values(o.out()), size(o, step));
      case Op.Rope o -> {
        float[] divisors = o.rope().factors() == null ? null : weight(o.rope().factors()).vector();
        Vectors.rope(
            o.rope(), divisors, step.positions(), values(o.in()), values(o.out()), o.in().width());
      }
      case Op.KvStore o ->
          Attending.store(o.kv(), pages.get(o.kv()), step, limits, values(o.k()), values(o.v()));
      case Op.Attention o ->
          Attending.attend(o, pages.get(o.kv()), step, limits, values(o.q()), values(o.out()));
      case Op.Gated o ->
          Vectors.gated(
              o.activation(), values(o.gate()), values(o.up()), values(o.out()), size(o, step));
      case Op.Add o -> Vectors.add(values(o.a()), values(o.b()), values(o.out()), size(o, step));
      case Op.Scale o -> Vectors.scale(o.factor(), values(o.in()), values(o.out()), size(o, step));
      case Op.SoftCap o -> Vectors.softCap(o.cap(), values(o.in()), values(o.out()), size(o, step));
      case Op.SigmoidGate o ->
          Vectors.sigmoidGate(
              values(o.gate()),
              values(o.in()),
              values(o.out()),
              rows(o.in(), step),
              o.in().width());
      case Op.SelectOutputs o ->
          Vectors.select(step.outputRows(), values(o.in()), values(o.out()), o.in().width());
      case Op.Route o ->
          Routing.route(o, values(o.logits()), values(o.out()), rows(o.logits(), step));
      case Op.ExpertSum o ->
          Routing.sum(
              o.used(),
              values(o.routing()),
              values(o.in()),
              values(o.out()),
              rows(o.in(), step),
              o.out().width());
      case Op.Argmax o ->
          Routing.argmax(values(o.in()), values(o.out()), rows(o.in(), step), o.in().width());
    }
  }

  private static int size(Op op, Step step) {
    return rows(op.output(), step) * op.output().width();
  }
}
