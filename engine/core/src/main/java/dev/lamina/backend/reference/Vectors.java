package dev.lamina.backend.reference;

import dev.lamina.backend.Op;
import dev.lamina.backend.RopeSpec;

/** Ops over activations alone. {@code n} counts the values of all rows. */
final class Vectors {
  private Vectors() {}

  static void rmsNorm(float[] gamma, float eps, float[] in, float[] out, int n) {
    int width = gamma.length;
    for (int row = 0; row < n; row += width) {
      double scale = 1 / Math.sqrt(Matrices.dot(in, row, in, row, width) / width + eps);
      for (int i = 0; i < width; i++) {
        out[row + i] = (float) (in[row + i] * scale * gamma[i]);
      }
    }
  }

  static void rope(
      RopeSpec rope, float[] divisors, int[] positions, float[] in, float[] out, int width) {
    double[] angles = rope.angles(divisors);
    double magnitude = rope.magnitude();
    System.arraycopy(in, 0, out, 0, positions.length * width);
    for (int t = 0; t < positions.length; t++) {
      for (int i = 0; i < angles.length; i++) {
        double cos = Math.cos(positions[t] * angles[i]) * magnitude;
        double sin = Math.sin(positions[t] * angles[i]) * magnitude;
        int first =
            switch (rope.pairing()) {
              case ADJACENT -> 2 * i;
              case HALVES -> i;
            };
        int second =
            switch (rope.pairing()) {
              case ADJACENT -> 2 * i + 1;
              case HALVES -> i + rope.dims() / 2;
            };
        for (int head = t * width; head < (t + 1) * width; head += rope.headDim()) {
          float a = in[head + first];
          float b = in[head + second];
          out[head + first] = (float) (a * cos - b * sin);
          out[head + second] = (float) (a * sin + b * cos);
        }
      }
    }
  }

  static void gated(Op.Activation activation, float[] gate, float[] up, float[] out, int n) {
    for (int i = 0; i < n; i++) {
      out[i] = (float) (activate(activation, gate[i]) * up[i]);
    }
  }

  private static double activate(Op.Activation activation, double x) {
    return switch (activation) {
      case SILU -> x * sigmoid(x);
      case GELU_TANH ->
          0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    };
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  static void add(float[] a, float[] b, float[] out, int n) {
    for (int i = 0; i < n; i++) {
      out[i] = a[i] + b[i];
    }
  }

  static void scale(float factor, float[] in, float[] out, int n) {
    for (int i = 0; i < n; i++) {
      out[i] = factor * in[i];
    }
  }

  static void softCap(float cap, float[] in, float[] out, int n) {
    for (int i = 0; i < n; i++) {
      out[i] = (float) (cap * Math.tanh((double) in[i] / cap));
    }
  }

  static void sigmoidGate(float[] gate, float[] in, float[] out, int rows, int width) {
    for (int row = 0; row < rows; row++) {
      double factor = sigmoid(gate[row]);
      for (int i = row * width; i < (row + 1) * width; i++) {
        out[i] = (float) (in[i] * factor);
      }
    }
  }

  static void select(int[] chosen, float[] in, float[] out, int width) {
    for (int i = 0; i < chosen.length; i++) {
      System.arraycopy(in, chosen[i] * width, out, i * width, width);
    }
  }
}
