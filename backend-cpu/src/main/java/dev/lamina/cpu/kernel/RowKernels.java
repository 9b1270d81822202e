package dev.lamina.cpu.kernel;

import dev.lamina.backend.Value;
import dev.lamina.cpu.simd.Simd;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Small ops that go row by row. */
public final class RowKernels {
  private RowKernels() {}

  /** One unit a row of {@code value}. */
  private abstract static class RowKernel extends Kernel {
    private final Value value;

    RowKernel(Value value) {
      this.value = value;
    }

    @Override
    public final int plan(StepState step) {
      return step.rows(value.rows());
    }
  }

  /** Multiplies rows by {@code sigmoid(gate)}. */
  public static Kernel sigmoidGate(Value value, Place gate, Place in, Place out) {
    return new RowKernel(value) {
      @Override
      public void run(StepState step, int row, long scratch) {
        double g = Simd.loadFloat(gate.address() + 4L * row);
        float factor = (float) (1 / (1 + Math.exp(-g)));
        long at = 4L * row * value.width();
        scaled(in.address() + at, factor, out.address() + at, value.width());
      }
    };
  }

  private static void scaled(long x, float factor, long y, int n) {
    int i = 0;
    for (; i <= n - Simd.LANES; i += Simd.LANES) {
      Simd.store(Simd.load(x + 4L * i).mul(factor), y + 4L * i);
    }
    for (; i < n; i++) {
      Simd.storeFloat(y + 4L * i, Simd.loadFloat(x + 4L * i) * factor);
    }
  }

  /** Keeps the rows that want output. */
  public static Kernel select(Value in, Place from, Value out, Place to) {
    return new RowKernel(out) {
      @Override
      public void run(StepState step, int row, long scratch) {
        long bytes = 4L * in.width();
        Simd.copy(
            from.address() + step.step().outputRows()[row] * bytes,
            to.address() + row * bytes,
            bytes);
      }
    };
  }

  /** The number of the greatest value of each row, as int32. */
  public static Kernel argmax(Value in, Place from, Place to) {
    return new RowKernel(in) {
      @Override
      public void run(StepState step, int row, long scratch) {
        int best = greatest(from.address() + 4L * row * in.width(), in.width());
        Simd.ALL.set(Simd.INT, to.address() + 4L * row, best);
      }
    };
  }

  /** The lowest index of the greatest value; a NaN is never chosen over a number. */
  static int greatest(long x, int n) {
    FloatVector most = FloatVector.broadcast(Simd.F, Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i <= n - Simd.LANES; i += Simd.LANES) {
      FloatVector v = Simd.load(x + 4L * i);
      most = most.blend(v, v.compare(VectorOperators.GT, most));
    }
    float best = most.reduceLanes(VectorOperators.MAX);
    for (; i < n; i++) {
      float v = Simd.loadFloat(x + 4L * i);
      best = v > best ? v : best;
    }
    for (i = 0; i <= n - Simd.LANES; i += Simd.LANES) {
      var equal = Simd.load(x + 4L * i).compare(VectorOperators.EQ, best);
      if (equal.anyTrue()) {
        return i + equal.firstTrue();
      }
    }
    for (; i < n; i++) {
      if (Simd.loadFloat(x + 4L * i) == best) {
        return i;
      }
    }
    return 0; // nothing but NaN
  }
}
