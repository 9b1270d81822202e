package dev.lamina.backend.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lamina.backend.Device;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.gguf.GgmlType;
import java.util.SplittableRandom;

/** The router, and matrix products with the experts that it picks. */
final class ExpertCases {
  private static final int[] TOKENS = {1, 2, 8, 33};

  private final BackendContract contract;
  private final Device device;

  ExpertCases(BackendContract contract, Device device) {
    this.contract = contract;
    this.device = device;
  }

  /** Products of one type: with an input for all slots of a token, and with one for each slot. */
  void products(Cases cases, GgmlType type) {
    product(cases, type, 5, 2, 33, false);
    product(cases, type, 8, 4, 17, true);
  }

  /** Products with as many experts in use as there are models for, and all of the load on one. */
  void used(Cases cases, GgmlType type) {
    for (int used : new int[] {1, 2, 4, 8}) {
      product(cases, type, 8, used, 40, false);
      product(cases, type, 8, used, 40, true);
    }
    product(cases, type, 60, 4, 24, false);
    String name = "ExpertMatMul " + type + ", all tokens to the same experts";
    cases.add(
        name,
        () -> {
          float[] logits = new float[Scene.SOURCE_ROWS * 8];
          for (int i = 0; i < logits.length; i += 8) {
            logits[i + 3] = 5;
            logits[i + 6] = 4;
          }
          Scene scene = new Scene(21);
          Value routing = scene.graph().route(2, true, 1, scene.source(8, logits));
          int cols = Math.max(64, type.blockSize());
          product(name, type, scene, routing, 8, cols, 24, false);
        });
  }

  private void product(
      Cases cases, GgmlType type, int experts, int used, int rows, boolean perSlot) {
    String name =
        "ExpertMatMul %s, %d of %d, %s"
            .formatted(type, used, experts, perSlot ? "an input for each" : "one input");
    cases.add(
        name,
        () -> {
          Scene scene = new Scene(20 + used);
          Value routing = scene.graph().route(used, false, 1, scene.source(experts));
          int cols = 2 * Math.max(32, type.blockSize());
          product(name, type, scene, routing, experts, cols, rows, perSlot);
        });
  }

  private void product(
      String name,
      GgmlType type,
      Scene scene,
      Value routing,
      int experts,
      int cols,
      int rows,
      boolean perSlot) {
    int used = routing.width() / 2;
    Value in = scene.source(perSlot ? used * cols : cols);
    TensorSpec weight = scene.experts(type, cols, rows, experts);
    Value out = scene.graph().expertMatMul(weight, routing, in);
    try (Rig rig = new Rig(device, scene, Steps.LIMITS, Output.HIDDEN, out)) {
      for (int tokens : TOKENS) {
        Closeness.check(
            name + ", " + tokens + " tokens",
            rig.run(Steps.of(tokens, Output.HIDDEN)),
            contract.matrixBound(type));
      }
    }
  }

  /** The picks must be the very same, in the same order. */
  void router(Cases cases) {
    for (int experts : new int[] {4, 8, 60, 128}) {
      for (int used : new int[] {1, 2, 4, 8}) {
        if (used <= experts) {
          boolean normalise = used % 2 == 0;
          float scale = used == 4 ? 2.5f : 1;
          for (String kind : new String[] {"random", "equal", "large"}) {
            String name =
                "Route %d of %d%s, scale %s, %s logits"
                    .formatted(used, experts, normalise ? ", normalised" : "", scale, kind);
            cases.add(name, () -> router(name, experts, used, normalise, scale, kind));
          }
        }
      }
    }
  }

  private void router(
      String name, int experts, int used, boolean normalise, float scale, String kind) {
    float[] logits = new float[Scene.SOURCE_ROWS * experts];
    SplittableRandom random = new SplittableRandom(22);
    for (int i = 0; i < logits.length; i++) {
      logits[i] =
          switch (kind) {
            case "random" -> 4 * random.nextFloat() - 2;
            // Few different values, so that every token has ties; the first ones only ties.
            case "equal" -> i < 3 * experts ? 1 : random.nextInt(3);
            case "large" -> 100 * random.nextFloat() - 20;
            default -> throw new AssertionError(kind);
          };
    }
    Scene scene = new Scene(23);
    Value out = scene.graph().route(used, normalise, scale, scene.source(experts, logits));
    try (Rig rig = new Rig(device, scene, Steps.LIMITS, Output.HIDDEN, out)) {
      for (int tokens : TOKENS) {
        Rig.Outcome outcome = rig.run(Steps.of(tokens, Output.HIDDEN));
        for (int i = 0; i < outcome.expected().length; i++) {
          if (i % (2 * used) < used) {
            assertEquals(
                outcome.expected()[i],
                outcome.actual()[i],
                "%s: expert %d of token %d of %d"
                    .formatted(name, i % (2 * used), i / (2 * used), tokens));
            // The numbers are larger than the weights and would hide their errors.
            outcome.expected()[i] = 0;
            outcome.actual()[i] = 0;
          }
        }
        Closeness.check(name + ", " + tokens + " tokens", outcome, contract.elementBound());
      }
    }
  }

  /** Weighted sums of slots. */
  void sum(Cases cases) {
    for (int used : new int[] {1, 2, 4, 8}) {
      for (int width : new int[] {1, 33, 256}) {
        String name = "ExpertSum of %d, %d wide".formatted(used, width);
        cases.add(
            name,
            () -> {
              Scene scene = new Scene(24);
              Value routing = scene.graph().route(used, true, 1.5f, scene.source(9));
              Value out = scene.graph().expertSum(routing, scene.source(used * width));
              try (Rig rig = new Rig(device, scene, Steps.LIMITS, Output.HIDDEN, out)) {
                for (int tokens : TOKENS) {
                  Closeness.check(
                      name + ", " + tokens + " tokens",
                      rig.run(Steps.of(tokens, Output.HIDDEN)),
                      contract.elementBound());
                }
              }
            });
      }
    }
  }

  /** A whole block as the models have it, shared expert included. */
  void block(Cases cases, GgmlType type) {
    String name = "a block of experts in " + type;
    cases.add(
        name,
        () -> {
          int width = 2 * Math.max(64, type.blockSize());
          Scene scene = new Scene(25);
          Value in = scene.source(width);
          Value routing =
              scene
                  .graph()
                  .route(
                      2, true, 1, scene.graph().matMul(scene.matrix(GgmlType.F32, width, 6), in));
          Value gate =
              scene.graph().expertMatMul(scene.experts(type, width, width, 6), routing, in);
          Value up = scene.graph().expertMatMul(scene.experts(type, width, width, 6), routing, in);
          Value inner =
              scene.graph().scale(1f / width, scene.graph().gated(Op.Activation.SILU, gate, up));
          Value down =
              scene.graph().expertMatMul(scene.experts(type, width, width, 6), routing, inner);
          Value shared = scene.graph().matMul(scene.matrix(GgmlType.F32, width, 1), in);
          Value out =
              scene
                  .graph()
                  .add(
                      scene.graph().sigmoidGate(shared, in),
                      scene.graph().expertSum(routing, down));
          try (Rig rig = new Rig(device, scene, Steps.LIMITS, Output.HIDDEN, out)) {
            for (int tokens : TOKENS) {
              Closeness.check(
                  name + ", " + tokens + " tokens",
                  rig.run(Steps.of(tokens, Output.HIDDEN)),
                  4 * contract.matrixBound(type) + contract.elementBound());
            }
          }
        });
  }
}
