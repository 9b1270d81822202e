package dev.lamina.cpu.kernel;

import dev.lamina.backend.Value;
import dev.lamina.cpu.simd.Simd;
import java.lang.foreign.MemorySegment;

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

  /** Values that are looked through at a time. */
  private static final int CHUNK = 4096;

  /**
   * The lowest index of the greatest value; a NaN is never chosen over a number. By plain
   * arithmetic on the heap, which is fast from the first call on: it is called but once a token.
   */
  static int greatest(long x, int n) {
    float[] chunk = new float[Math.min(n, CHUNK)];
    float best = Float.NEGATIVE_INFINITY;
    int at = -1;
    for (int from = 0; from < n; from += CHUNK) {
      int count = Math.min(CHUNK, n - from);
      MemorySegment.copy(Simd.ALL, Simd.FLOAT, x + 4L * from, chunk, 0, count);
      float most = most(chunk, count);
      if (most > best || at < 0 && most == best) {
        int found = first(chunk, count, most);
        at = found < 0 ? at : from + found;
        best = most;
      }
    }
    return Math.max(at, 0); // nothing but NaN
  }

  private static float most(float[] values, int n) {
    float a = Float.NEGATIVE_INFINITY;
    float b = a;
    float c = a;
    float d = a;
    int i = 0;
    for (; i + 3 < n; i += 4) {
      a = values[i] > a ? values[i] : a;
      b = values[i + 1] > b ? values[i + 1] : b;
      c = values[i + 2] > c ? values[i + 2] : c;
      d = values[i + 3] > d ? values[i + 3] : d;
    }
    for (; i < n; i++) {
      a = values[i] > a ? values[i] : a;
    }
    return Math.max(Math.max(a, b), Math.max(c, d));
  }

  private static int first(float[] values, int n, float value) {
    for (int i = 0; i < n; i++) {
      if (values[i] == value) {
        return i;
      }
    }
    return -1;
  }
}
