package dev.lamina.backend.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.Device;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.Step;
import dev.lamina.backend.Value;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Whole programs: a layer with its output, what is wanted of it, and one step after another. */
final class ProgramCases {
  private static final int VOCABULARY = 67;
  private static final Limits LIMITS =
      new Limits(33, 33, 3, 16, List.of(new Limits.PageGroup(20, 10)));

  private final BackendContract contract;
  private final Device device;

  ProgramCases(BackendContract contract, Device device) {
    this.contract = contract;
    this.device = device;
  }

  /** A layer as the models have it, from a hidden state to a hidden state. */
  private Value layer(Scene scene, GgmlType type, int number, Value in) {
    int width = in.width();
    int heads = width / 64;
    GgmlType kvType = contract.kvTypes().iterator().next();
    KvSpec kv = new KvSpec(number, 0, heads / 2, 64, 64, kvType, kvType);
    RopeSpec rope = new RopeSpec(64, 64, RopeSpec.Pairing.HALVES, 1e4f, 1, 0, 1, 32, 1, 4096, null);
    float shrink = 1f / width;
    Value x = scene.graph().rmsNorm(scene.vector(width), 1e-6f, in);
    Value q = product(scene, type, width, x, shrink);
    Value k = product(scene, type, heads / 2 * 64, x, shrink);
    Value v = product(scene, type, heads / 2 * 64, x, shrink);
    Value kNormed = scene.graph().rmsNorm(scene.vector(64), 1e-6f, k);
    scene.graph().kvStore(kv, scene.graph().rope(rope, kNormed), v);
    Value mixed = scene.graph().attention(kv, heads, 0.125f, 0, 0, scene.graph().rope(rope, q));
    Value hidden = scene.graph().add(in, product(scene, type, width, mixed, 1));
    Value y = scene.graph().rmsNorm(scene.vector(width), 1e-6f, hidden);
    Value gate = product(scene, type, width, y, shrink);
    Value up = product(scene, type, width, y, 1);
    Value inner = scene.graph().gated(Op.Activation.SILU, gate, up);
    return scene.graph().add(hidden, product(scene, type, width, inner, shrink));
  }

  private static Value product(Scene scene, GgmlType type, int rows, Value in, float shrink) {
    Value out = scene.graph().matMul(scene.matrix(type, in.width(), rows), in);
    return scene.graph().scale(shrink, out);
  }

  /** A layer and the output, in every type: hidden states in, logits and greedy tokens out. */
  void model(Cases cases, GgmlType type) {
    String name = "a layer and the output in " + type;
    cases.add(name, () -> model(name, type));
  }

  private void model(String name, GgmlType type) {
    int width = 256;
    Scene scene = new Scene(60);
    Value in = scene.graph().input(width);
    Value hidden = layer(scene, type, 0, in);
    Value chosen = scene.graph().selectOutputs(hidden);
    Value normed = scene.graph().rmsNorm(scene.vector(width), 1e-6f, chosen);
    Value logits =
        scene
            .graph()
            .matMul(scene.matrix(type, width, VOCABULARY), scene.vector(VOCABULARY), normed);
    Map<Output, Value> outputs =
        Map.of(Output.LOGITS, logits, Output.GREEDY, scene.graph().argmax(logits));
    Batches batches = new Batches(LIMITS, 61);
    double bound = 10 * contract.matrixBound(type) + contract.elementBound();
    try (Rig rig = new Rig(device, scene, LIMITS, outputs)) {
      int[][] steps = {{0, 17}, {1, 1, 0, 1}, {2, 5, 0, 1, 1, 1}, {2, 1}, {2, 1, 1, 1}};
      for (int i = 0; i < steps.length; i++) {
        Step step = batches.step(Output.LOGITS, steps[i]);
        float[] x = MatrixCases.activations(step.tokens() * width, i);
        if (i % 2 == 1) {
          // Wanting only the greedy tokens must keep the same keys and values for later steps.
          rig.run(want(step, Output.GREEDY), x);
          continue;
        }
        Rig.Outcome outcome = rig.run(step, x);
        Closeness.check(name + ", step " + i, outcome, bound);
        float[] greedy = rig.runTested(want(step, Output.GREEDY), x);
        for (int row = 0; row < step.outputs(); row++) {
          float[] own = row(outcome.actual(), row);
          assertEquals(
              greatest(own),
              Float.floatToRawIntBits(greedy[row]),
              "the greedy token is not the greatest of the device's own logits");
        }
      }
    }
  }

  private static Step want(Step step, Output output) {
    return new Step(
        step.tokenIds(),
        step.positions(),
        step.slots(),
        step.outputRows(),
        step.pageTable(),
        List.of(),
        output);
  }

  private static float[] row(float[] logits, int row) {
    return Arrays.copyOfRange(logits, row * VOCABULARY, (row + 1) * VOCABULARY);
  }

  private static int greatest(float[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      if (values[i] > values[best]) {
        best = i;
      }
    }
    return best;
  }

  /** What does not depend on the type. */
  void programs(Cases cases) {
    cases.add("a stage gives the hidden state whatever is wanted", this::hiddenAnyway);
    cases.add("a step without outputs only keeps keys and values", this::noOutputs);
    cases.add("a poisoned step leaves nothing behind", this::poison);
    cases.add("a step that does not fit is refused and harms nothing", this::refused);
    cases.add("what a program does not have is refused", this::absent);
    cases.add("a step may be changed as soon as it is submitted", this::reuse);
  }

  private void hiddenAnyway() {
    Scene scene = new Scene(62);
    Value in = scene.graph().input(256);
    Value out = layer(scene, GgmlType.F32, 0, in);
    Batches batches = new Batches(LIMITS, 63);
    try (Rig rig = new Rig(device, scene, LIMITS, Output.HIDDEN, out)) {
      for (Output want : Output.values()) {
        Step step = batches.step(want, 0, 5, 1, 2);
        Rig.Outcome outcome = rig.run(step, MatrixCases.activations(7 * 256, 1));
        Closeness.check("wanted " + want, outcome, contract.modelBound());
      }
    }
  }

  private void noOutputs() {
    Scene scene = new Scene(64);
    Value in = scene.graph().input(256);
    Value out = scene.graph().selectOutputs(layer(scene, GgmlType.F32, 0, in));
    Batches batches = new Batches(LIMITS, 65);
    try (Rig rig = new Rig(device, scene, LIMITS, Output.LOGITS, out)) {
      Step first = batches.step(Output.LOGITS, 0, 20);
      Step silent =
          new Step(
              first.tokenIds(),
              first.positions(),
              first.slots(),
              new int[0],
              first.pageTable(),
              first.copies(),
              Output.LOGITS);
      assertEquals(0, rig.run(silent, MatrixCases.activations(20 * 256, 2)).actual().length);
      Step next = batches.step(Output.LOGITS, 0, 3);
      Rig.Outcome outcome = rig.run(next, MatrixCases.activations(3 * 256, 3));
      Closeness.check("the step after", outcome, contract.modelBound());
    }
  }

  private void poison() {
    Scene scene = new Scene(66);
    Value in = scene.graph().input(256);
    Value out = layer(scene, GgmlType.F32, 0, in);
    Batches batches = new Batches(LIMITS, 67);
    try (Rig rig = new Rig(device, scene, LIMITS, Output.HIDDEN, out)) {
      Step step = batches.step(Output.HIDDEN, 0, 33);
      float[] x = new float[33 * 256];
      Arrays.fill(x, Float.NaN);
      rig.run(step, x);
      batches.end(0);
      for (int tokens : new int[] {3, 1, 30}) {
        step = batches.step(Output.HIDDEN, 0, tokens);
        Rig.Outcome outcome = rig.run(step, MatrixCases.activations(tokens * 256, 4));
        Closeness.check("the step after, " + tokens + " tokens", outcome, contract.modelBound());
        for (float value : outcome.actual()) {
          assertTrue(Float.isFinite(value), "the step after has " + value);
        }
      }
    }
  }

  private void refused() {
    Scene scene = new Scene(68);
    Value in = scene.graph().input(256);
    Value out = layer(scene, GgmlType.F32, 0, in);
    Batches batches = new Batches(LIMITS, 69);
    try (Rig rig = new Rig(device, scene, LIMITS, Output.HIDDEN, out)) {
      Step good = batches.step(Output.HIDDEN, 0, 2);
      int[][][] noPages = {{{-1}}};
      for (Step bad :
          List.of(
              new Step(
                  new int[34],
                  Steps.range(34),
                  new int[34],
                  new int[0],
                  good.pageTable(),
                  List.of(),
                  Output.HIDDEN),
              new Step(
                  new int[1],
                  new int[1],
                  new int[] {3},
                  new int[0],
                  good.pageTable(),
                  List.of(),
                  Output.HIDDEN),
              new Step(
                  new int[1],
                  new int[1],
                  new int[1],
                  new int[0],
                  noPages,
                  List.of(),
                  Output.HIDDEN),
              new Step(
                  new int[1],
                  new int[] {-1},
                  new int[1],
                  new int[0],
                  good.pageTable(),
                  List.of(),
                  Output.HIDDEN),
              new Step(
                  new int[1],
                  new int[1],
                  new int[1],
                  new int[] {1},
                  good.pageTable(),
                  List.of(),
                  Output.HIDDEN))) {
        assertThrows(IllegalArgumentException.class, () -> rig.program().submit(bad));
      }
      Rig.Outcome outcome = rig.run(good, MatrixCases.activations(2 * 256, 5));
      Closeness.check("the step after", outcome, contract.modelBound());
    }
  }

  private void absent() {
    Scene scene = new Scene(70);
    Value out = scene.graph().scale(2, scene.source(8));
    try (Rig rig = new Rig(device, scene, Steps.LIMITS, Output.HIDDEN, out)) {
      assertThrows(IllegalStateException.class, () -> rig.program().input());
      assertThrows(IllegalStateException.class, () -> rig.program().output(Output.LOGITS));
    }
  }

  private void reuse() {
    Scene scene = new Scene(71);
    Value in = scene.graph().input(256);
    Value out = layer(scene, GgmlType.F32, 0, in);
    Batches batches = new Batches(LIMITS, 72);
    try (Rig rig = new Rig(device, scene, LIMITS, Output.HIDDEN, out)) {
      Step step = batches.step(Output.HIDDEN, 0, 9);
      float[] x = MatrixCases.activations(9 * 256, 6);
      float[] once = rig.run(step, x).actual();
      rig.program().submit(step);
      for (int[] array :
          new int[][] {
            step.tokenIds(),
            step.positions(),
            step.slots(),
            step.outputRows(),
            step.pageTable()[0][0]
          }) {
        Arrays.fill(array, -7);
      }
      float[] again = new float[once.length];
      rig.program().output(Output.HIDDEN).read(0, MemorySegment.ofArray(again));
      assertArrayEquals(once, again);
    }
  }
}
