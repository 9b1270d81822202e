package dev.lamina.backend.reference;

import dev.lamina.backend.Op;

/** Choices among logits: experts, and the greatest token. A NaN is never chosen over a number. */
final class Routing {
  private Routing() {}

  static void route(Op.Route op, float[] logits, float[] out, int tokens) {
    int experts = op.logits().width();
    int used = op.used();
    for (int t = 0; t < tokens; t++) {
      int from = t * experts;
      double[] probability = softmax(logits, from, experts);
      boolean[] taken = new boolean[experts];
      double sum = 0;
      for (int s = 0; s < used; s++) {
        int best = greatest(logits, from, experts, taken);
        taken[best] = true;
        out[t * 2 * used + s] = best;
        out[t * 2 * used + used + s] = (float) (probability[best] * op.scale());
        sum += probability[best];
      }
      if (op.normalise()) {
        for (int s = 0; s < used; s++) {
          int best = (int) out[t * 2 * used + s];
          out[t * 2 * used + used + s] = (float) (probability[best] / sum * op.scale());
        }
      }
    }
  }

  private static double[] softmax(float[] logits, int from, int n) {
    double greatest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      greatest = Math.max(greatest, logits[from + i]);
    }
    double[] p = new double[n];
    double sum = 0;
    for (int i = 0; i < n; i++) {
      p[i] = Math.exp(logits[from + i] - greatest);
      sum += p[i];
    }
    for (int i = 0; i < n; i++) {
      p[i] /= sum;
    }
    return p;
  }

  static void sum(int used, float[] routing, float[] in, float[] out, int tokens, int width) {
    for (int t = 0; t < tokens; t++) {
      for (int i = 0; i < width; i++) {
        double sum = 0;
        for (int s = 0; s < used; s++) {
          sum += (double) routing[t * 2 * used + used + s] * in[(t * used + s) * width + i];
        }
        out[t * width + i] = (float) sum;
      }
    }
  }

  static void argmax(float[] in, float[] out, int rows, int width) {
    for (int row = 0; row < rows; row++) {
      out[row] = Float.intBitsToFloat(greatest(in, row * width, width, null));
    }
  }

  /** The lowest of the greatest among those not {@code taken} (null: none is). */
  private static int greatest(float[] in, int from, int n, boolean[] taken) {
    int best = -1;
    for (int i = 0; i < n; i++) {
      if (taken != null && taken[i]) {
        continue;
      }
      if (best < 0
          || in[from + i] > in[from + best]
          || Float.isNaN(in[from + best]) && !Float.isNaN(in[from + i])) {
        best = i;
      }
    }
    return best;
  }
}
