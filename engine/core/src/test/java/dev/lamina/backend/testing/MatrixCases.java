package dev.lamina.backend.testing;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.lamina.backend.Device;
import dev.lamina.backend.Output;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Matrix products and embedding lookups, for each type that weights can have. */
final class MatrixCases {
  private static final int[] TOKENS = {1, 2, 5, 8, 33};
  private static final int[] ROWS = {33, 17, 1, 3, 130, 64};

  private final BackendContract contract;
  private final Device device;

  MatrixCases(BackendContract contract, Device device) {
    this.contract = contract;
    this.device = device;
  }

  private static int[] cols(GgmlType type) {
    return switch (type.blockSize()) {
      case 1 -> new int[] {256, 33, 1, 100, 96, 1030};
      case 32 -> new int[] {32, 96, 64, 160, 256, 1056};
      default -> new int[] {256, 512, 256, 1280, 768, 2304};
    };
  }

  /** All shapes and numbers of tokens; every second shape has a bias. */
  void shapes(Cases cases, GgmlType type) {
    for (int i = 0; i < ROWS.length; i++) {
      int rows = ROWS[i];
      int cols = cols(type)[i];
      boolean bias = i % 2 == 1;
      String name = "MatMul %s %dx%d%s".formatted(type, cols, rows, bias ? " + bias" : "");
      cases.add(name, () -> shape(name, type, cols, rows, bias));
    }
  }

  private void shape(String name, GgmlType type, int cols, int rows, boolean bias) {
    Scene scene = new Scene(cols * 1000L + rows);
    Value in = scene.graph().input(cols);
    TensorSpec weight = scene.matrix(type, cols, rows);
    Value out = scene.graph().matMul(weight, bias ? scene.vector(rows) : null, in);
    try (Rig rig = new Rig(device, scene, Steps.LIMITS, Output.HIDDEN, out)) {
      for (int tokens : TOKENS) {
        float[] x = activations(tokens * cols, tokens);
        Rig.Outcome outcome = rig.run(Steps.of(tokens, Output.HIDDEN), x);
        double usual = usualSquare(weight, scene.data().get(weight), x);
        Closeness.check(
            name + ", " + tokens + " tokens",
            outcome.expected(),
            outcome.actual(),
            bound(type, outcome),
            usual);
      }
    }
  }

  /** Rows with scales of all sizes, each compared by itself. */
  void scales(Cases cases, GgmlType type) {
    cases.add("MatMul " + type + " with scales of all sizes", () -> scales(type));
  }

  private void scales(GgmlType type) {
    float[] factors = {1, -1, 0, 0x1p-6f, 16, 0x1p-18f, 1, 0};
    int cols = 3 * Math.max(32, type.blockSize());
    int tokens = 5;
    TensorSpec weight = TensorSpec.matrix("weight", type, cols, factors.length);
    MemorySegment data = Arena.ofAuto().allocate(weight.bytes(), 64);
    SplittableRandom random = new SplittableRandom(1);
    for (int r = 0; r < factors.length; r++) {
      // An exponent has no sign.
      float factor = type == GgmlType.MXFP4 ? Math.abs(factors[r]) : factors[r];
      RandomBlocks.row(weight, data, r, factor, random);
    }
    Scene scene = new Scene(2);
    Value in = scene.graph().input(cols);
    Value out = scene.graph().matMul(scene.with(weight, data), in);
    try (Rig rig = new Rig(device, scene, Steps.LIMITS, Output.HIDDEN, out)) {
      float[] x = activations(tokens * cols, 3);
      Rig.Outcome outcome = rig.run(Steps.of(tokens, Output.HIDDEN), x);
      for (int r = 0; r < factors.length; r++) {
        long rowBytes = type.rowBytes(cols);
        double usual =
            usualSquare(
                TensorSpec.matrix("row", type, cols, 1), data.asSlice(r * rowBytes, rowBytes), x);
        float[] expected = column(outcome.expected(), r, factors.length);
        float[] actual = column(outcome.actual(), r, factors.length);
        // Paths that round weights to float16 lose digits of the smallest.
        boolean smallest = factors[r] == 0x1p-18f;
        double bound = bound(type, new Rig.Outcome(expected, actual));
        Closeness.check(
            "row with factor " + factors[r],
            expected,
            actual,
            smallest ? Math.max(bound, 1e-2) : bound,
            usual);
      }
    }
  }

  /** A NaN or an infinity in one row must show in that row, and in no other. */
  void notNumbers(Cases cases, GgmlType type) {
    if (type != GgmlType.MXFP4) {
      cases.add("MatMul " + type + " with NaN and infinity", () -> notNumbers(type));
    }
  }

  private void notNumbers(GgmlType type) {
    int cols = 2 * Math.max(32, type.blockSize());
    int rows = 9;
    TensorSpec weight = TensorSpec.matrix("weight", type, cols, rows);
    MemorySegment data = MemorySegment.ofArray(new byte[(int) weight.bytes()]);
    data.copyFrom(RandomBlocks.of(weight, 4));
    RandomBlocks.setScale(type, data, type.rowBytes(cols), Float.floatToFloat16(Float.NaN));
    RandomBlocks.setScale(
        type, data, 6 * type.rowBytes(cols), Float.floatToFloat16(Float.POSITIVE_INFINITY));
    Scene scene = new Scene(5);
    Value in = scene.graph().input(cols);
    Value out = scene.graph().matMul(scene.with(weight, data), in);
    try (Rig rig = new Rig(device, scene, Steps.LIMITS, Output.HIDDEN, out)) {
      for (int tokens : new int[] {1, 8, 33}) {
        String what = tokens + " tokens";
        Rig.Outcome outcome =
            rig.run(Steps.of(tokens, Output.HIDDEN), activations(tokens * cols, 6));
        Closeness.check(what, outcome, contract.matrixBound(type));
        for (int t = 0; t < tokens; t++) {
          assertFalse(Float.isFinite(outcome.actual()[t * rows + 1]), what + ", row with NaN");
          assertFalse(Float.isFinite(outcome.actual()[t * rows + 6]), what + ", row with infinity");
        }
        float[] poisoned = activations(tokens * cols, 7);
        Arrays.fill(poisoned, 0, cols, Float.NaN);
        outcome = rig.run(Steps.of(tokens, Output.HIDDEN), poisoned);
        Closeness.check(what + ", the first of them NaN", outcome, contract.matrixBound(type));
      }
    }
  }

  /** Looks rows up in any order. */
  void embedding(Cases cases, GgmlType type) {
    cases.add("Embed " + type, () -> embedding(type));
  }

  private void embedding(GgmlType type) {
    int cols = 3 * Math.max(32, type.blockSize());
    Scene scene = new Scene(8);
    Value out = scene.graph().embed(scene.embedding(type, cols, 37));
    try (Rig rig = new Rig(device, scene, Steps.LIMITS, Output.HIDDEN, out)) {
      for (int[] ids :
          new int[][] {{36}, {0, 36, 5, 5, 1}, new SplittableRandom(9).ints(33, 0, 37).toArray()}) {
        Rig.Outcome outcome = rig.run(Steps.of(ids, new int[0], Output.HIDDEN));
        Closeness.check("ids " + Arrays.toString(ids), outcome, contract.exactBound());
      }
    }
  }

  /** Where rounding decides, the mean over a few values scatters widely. */
  private double bound(GgmlType type, Rig.Outcome outcome) {
    return contract.matrixBound(type) * (1 + 8.0 / outcome.expected().length);
  }

  static float[] activations(int n, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** The sum of the squares that the product has where weights and activations are independent. */
  private static double usualSquare(TensorSpec weight, MemorySegment data, float[] x) {
    float[] row = new float[weight.cols()];
    double weights = 0;
    for (int r = 0; r < weight.rows(); r++) {
      Dequantizer.decode(
          weight.type(), data, r * weight.type().rowBytes(row.length), row, 0, row.length);
      weights += square(row);
    }
    return weights * square(x) / row.length;
  }

  private static double square(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return sum;
  }

  private static float[] column(float[] values, int column, int width) {
    float[] chosen = new float[values.length / width];
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = values[i * width + column];
    }
    return chosen;
  }
}
