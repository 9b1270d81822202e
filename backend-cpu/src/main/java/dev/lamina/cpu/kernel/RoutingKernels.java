package dev.lamina.cpu.kernel;

import dev.lamina.backend.Op;
import dev.lamina.backend.Value;
import dev.lamina.cpu.simd.Simd;

/** Choosing experts for each token, and summing what they give. */
public final class RoutingKernels {
  private RoutingKernels() {}

  /** {@link Op.Route}: one unit a token. */
  public static Kernel route(Op.Route op, Place logits, Place out) {
    return new Kernel() {
      @Override
      public int plan(StepState step) {
        return step.rows(op.logits().rows());
      }

      @Override
      public void run(StepState step, int row, long scratch) {
        choose(
            op,
            logits.address() + 4L * row * op.logits().width(),
            out.address() + 8L * row * op.used());
      }
    };
  }

  private static void choose(Op.Route op, long logits, long out) {
    int experts = op.logits().width();
    boolean[] taken = new boolean[experts];
    double greatest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < experts; i++) {
      greatest = Math.max(greatest, Simd.loadFloat(logits + 4L * i));
    }
    double all = 0;
    for (int i = 0; i < experts; i++) {
      all += Math.exp(Simd.loadFloat(logits + 4L * i) - greatest);
    }
    double[] weight = new double[op.used()];
    double sum = 0;
    for (int s = 0; s < op.used(); s++) {
      int best = -1;
      for (int i = 0; i < experts; i++) {
        if (!taken[i] && (best < 0 || above(logits, i, best))) {
          best = i;
        }
      }
      taken[best] = true;
      weight[s] = Math.exp(Simd.loadFloat(logits + 4L * best) - greatest) / all;
      sum += weight[s];
      Simd.storeFloat(out + 4L * s, best);
    }
    double factor = op.normalise() ? op.scale() / sum : op.scale();
    for (int s = 0; s < op.used(); s++) {
      Simd.storeFloat(out + 4L * (op.used() + s), (float) (weight[s] * factor));
    }
  }

  /** Whether logit {@code i} goes before {@code than}; a NaN goes before nothing but is passed. */
  private static boolean above(long logits, int i, int than) {
    float a = Simd.loadFloat(logits + 4L * i);
    float b = Simd.loadFloat(logits + 4L * than);
    return a > b || Float.isNaN(b) && !Float.isNaN(a);
  }

  /** {@link Op.ExpertSum}: one unit a token. */
  public static Kernel sum(int used, Value out, Place routing, Place in, Place to) {
    int width = out.width();
    return new Kernel() {
      @Override
      public int plan(StepState step) {
        return step.rows(out.rows());
      }

      @Override
      public void run(StepState step, int row, long scratch) {
        long weights = routing.address() + 4L * (2L * row * used + used);
        long from = in.address() + 4L * row * used * width;
        long target = to.address() + 4L * row * width;
        int i = 0;
        for (; i <= width - Simd.LANES; i += Simd.LANES) {
          var sum = Simd.load(from + 4L * i).mul(Simd.splat(weights));
          for (int s = 1; s < used; s++) {
            long at = from + 4L * ((long) s * width + i);
            sum = Simd.load(at).fma(Simd.splat(weights + 4L * s), sum);
          }
          Simd.store(sum, target + 4L * i);
        }
        for (; i < width; i++) {
          float sum = 0;
          for (int s = 0; s < used; s++) {
            sum +=
                Simd.loadFloat(weights + 4L * s)
                    * Simd.loadFloat(from + 4L * ((long) s * width + i));
          }
          Simd.storeFloat(target + 4L * i, sum);
        }
      }
    };
  }
}
