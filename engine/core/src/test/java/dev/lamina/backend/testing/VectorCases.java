package dev.lamina.backend.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lamina.backend.Device;
import dev.lamina.backend.GraphBuilder;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.RopeSpec.Pairing;
import dev.lamina.backend.Value;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.BiFunction;

/** Ops over activations alone. */
final class VectorCases {
  private static final int[] TOKENS = {1, 2, 8, 33};
  private static final int[] WIDTHS = {1, 3, 64, 257, 1000};

  private final BackendContract contract;
  private final Device device;

  VectorCases(BackendContract contract, Device device) {
    this.contract = contract;
    this.device = device;
  }

  /** Activations, sums, scales, gates. */
  void elements(Cases cases) {
    for (int width : WIDTHS) {
      for (float magnitude : new float[] {4, 1000}) {
        for (Op.Activation activation : Op.Activation.values()) {
          element(
              cases,
              "Gated " + activation,
              width,
              magnitude,
              (graph, in) -> graph.gated(activation, in[0], in[1]));
        }
        element(cases, "Add", width, magnitude, (graph, in) -> graph.add(in[0], in[1]));
        element(cases, "Scale", width, magnitude, (graph, in) -> graph.scale(-0.37f, in[0]));
        element(cases, "SoftCap", width, magnitude, (graph, in) -> graph.softCap(30, in[0]));
      }
      String name = "SigmoidGate, " + width + " wide";
      cases.add(
          name,
          () -> {
            Scene scene = new Scene(31);
            Value out = scene.graph().sigmoidGate(scene.source(1, 20), scene.source(width));
            compare(name, scene, out, contract.elementBound());
          });
    }
    element(
        cases,
        "Add of a value to itself",
        64,
        1,
        (graph, in) -> graph.add(in[0], graph.add(in[0], in[0])));
  }

  private void element(
      Cases cases,
      String op,
      int width,
      float magnitude,
      BiFunction<GraphBuilder, Value[], Value> build) {
    String name = "%s, %d wide, up to %.0f".formatted(op, width, magnitude);
    cases.add(
        name,
        () -> {
          Scene scene = new Scene(30);
          Value[] in = {scene.source(width, magnitude), scene.source(width, magnitude)};
          compare(name, scene, build.apply(scene.graph(), in), contract.elementBound());
        });
  }

  private void compare(String name, Scene scene, Value out, double bound) {
    try (Rig rig = new Rig(device, scene, Steps.LIMITS, Output.HIDDEN, out)) {
      for (int tokens : TOKENS) {
        Rig.Outcome outcome = rig.run(Steps.of(tokens, Output.HIDDEN));
        // A single value may happen to be next to nothing.
        double floor = bound == 0 ? 0 : 1e-12 * outcome.expected().length;
        Closeness.check(
            name + ", " + tokens + " tokens", outcome.expected(), outcome.actual(), bound, floor);
      }
    }
  }

  /** Norms of rows and of single heads. */
  void norms(Cases cases) {
    for (int width : new int[] {1, 32, 100, 256, 2049}) {
      for (int groups : new int[] {1, 4}) {
        for (float magnitude : new float[] {1, 1e-4f, 1e6f}) {
          String name = "RmsNorm of %d x %d, up to %s".formatted(groups, width, magnitude);
          cases.add(
              name,
              () -> {
                Scene scene = new Scene(32);
                Value in = scene.source(groups * width, magnitude);
                Value out = scene.graph().rmsNorm(scene.vector(width), 1e-6f, in);
                compare(name, scene, out, contract.elementBound());
              });
        }
      }
    }
    cases.add(
        "RmsNorm of zeros",
        () -> {
          Scene scene = new Scene(33);
          Value in = scene.source(64, new float[Scene.SOURCE_ROWS * 64]);
          Value out = scene.graph().rmsNorm(scene.vector(64), 1e-6f, in);
          compare("zeros", scene, out, 0);
        });
  }

  /** Both pairings, heads turned in part, scaling, YaRN, divisors; positions near and far. */
  void ropes(Cases cases) {
    int[] near = {0, 1, 2, 17, 100, 1000, 4000, 3};
    for (Pairing pairing : Pairing.values()) {
      for (int[] dims : new int[][] {{64, 64}, {128, 128}, {80, 80}, {96, 32}, {256, 128}}) {
        int head = dims[0];
        int turned = dims[1];
        rope(cases, near, new RopeSpec(head, turned, pairing, 1e4f, 1, 0, 1, 32, 1, 4096, null));
      }
      rope(cases, near, new RopeSpec(64, 64, pairing, 5e5f, 0.125f, 0, 1, 32, 1, 4096, null));
      rope(cases, near, new RopeSpec(64, 64, pairing, 1e6f, 0.25f, 1, 1, 32, 1, 32768, null));
      rope(cases, near, new RopeSpec(128, 128, pairing, 1e4f, 0.1f, 0.5f, 1.2f, 16, 2, 512, null));
    }
    String name = "Rope with divisors";
    cases.add(
        name,
        () -> {
          Scene scene = new Scene(34);
          float[] divisors = new float[32];
          for (int i = 0; i < divisors.length; i++) {
            divisors[i] = i < 10 ? 1 : i < 20 ? 1 + 0.7f * (i - 10) : 8;
          }
          RopeSpec spec =
              new RopeSpec(
                  64, 64, Pairing.ADJACENT, 5e5f, 1, 0, 1, 32, 1, 8192, scene.vector(divisors));
          rope(name, scene, near, spec, contract.ropeBound());
        });
    cases.add(
        "Rope far out",
        () -> {
          RopeSpec spec =
              new RopeSpec(128, 128, Pairing.HALVES, 1e6f, 1, 0, 1, 32, 1, 131072, null);
          // A float32 angle has an error of up to 0.004 here.
          int[] far = {131071, 100000, 65536, 12345};
          rope("Rope far out", new Scene(35), far, spec, Math.max(1e-5, contract.ropeBound()));
        });
  }

  private void rope(Cases cases, int[] positions, RopeSpec spec) {
    String name =
        "Rope %s, %d of %d, base %.0f, scale %s, YaRN %s"
            .formatted(
                spec.pairing(),
                spec.dims(),
                spec.headDim(),
                spec.base(),
                spec.freqScale(),
                spec.extFactor());
    cases.add(name, () -> rope(name, new Scene(36), positions, spec, contract.ropeBound()));
  }

  private void rope(String name, Scene scene, int[] positions, RopeSpec spec, double bound) {
    Value out = scene.graph().rope(spec, scene.source(3 * spec.headDim()));
    try (Rig rig = new Rig(device, scene, Steps.LIMITS, Output.HIDDEN, out)) {
      Closeness.check(name, rig.run(Steps.at(positions)), bound);
      for (int position : positions) {
        Closeness.check(name + ", position " + position, rig.run(Steps.at(position)), bound);
      }
    }
  }

  /** The rows that want output, none included. */
  void selection(Cases cases) {
    for (int width : WIDTHS) {
      String name = "SelectOutputs, " + width + " wide";
      cases.add(
          name,
          () -> {
            Scene scene = new Scene(37);
            Value out = scene.graph().selectOutputs(scene.source(width));
            try (Rig rig = new Rig(device, scene, Steps.LIMITS, Output.LOGITS, out)) {
              for (int[] rows :
                  new int[][] {{}, {0}, {32}, {0, 1, 5, 31}, Steps.range(33), {7, 8}}) {
                Rig.Outcome outcome = rig.run(Steps.of(Steps.range(33), rows, Output.LOGITS));
                assertArrayEquals(
                    outcome.expected(), outcome.actual(), name + ", " + Arrays.toString(rows));
              }
            }
          });
    }
  }

  /** The greatest of each row, the lowest of equal ones. */
  void argmax(Cases cases) {
    for (int width : new int[] {1, 2, 33, 1025, 20000}) {
      String name = "Argmax of " + width;
      cases.add(
          name,
          () -> {
            float[] values = new float[Scene.SOURCE_ROWS * width];
            SplittableRandom random = new SplittableRandom(38);
            for (int i = 0; i < values.length; i++) {
              int row = i / width;
              values[i] =
                  switch (row % 4) {
                    case 0 -> random.nextFloat() - 0.5f;
                    case 1 -> random.nextInt(20);
                    case 2 -> -1000;
                    default -> i % width == width - 1 ? -5 : Float.NEGATIVE_INFINITY;
                  };
            }
            Scene scene = new Scene(39);
            Value out =
                scene.graph().argmax(scene.graph().selectOutputs(scene.source(width, values)));
            try (Rig rig = new Rig(device, scene, Steps.LIMITS, Output.GREEDY, out)) {
              for (int tokens : TOKENS) {
                Rig.Outcome outcome = rig.run(Steps.of(tokens, Output.GREEDY));
                for (int i = 0; i < tokens; i++) {
                  assertEquals(
                      Float.floatToRawIntBits(outcome.expected()[i]),
                      Float.floatToRawIntBits(outcome.actual()[i]),
                      name + ", row " + i);
                }
              }
            }
          });
    }
  }
}
