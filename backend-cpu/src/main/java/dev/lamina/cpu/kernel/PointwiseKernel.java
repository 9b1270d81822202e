package dev.lamina.cpu.kernel;

import dev.lamina.backend.Op.Activation;
import dev.lamina.backend.Value;
import dev.lamina.cpu.pointwise.PointwiseCode;
import dev.lamina.cpu.simd.Functions;
import dev.lamina.cpu.simd.Simd;
import jdk.incubator.vector.FloatVector;

/**
 * An op that treats every value alike. Widths that are no multiple of the lanes end in the slack
 * behind every place: the values of a step are one run, whose last vector may be partly garbage.
 */
public abstract class PointwiseKernel extends Kernel {
  /** Values of a unit, a multiple of all lane counts. */
  private static final int UNIT = 8192;

  private final Value value;
  private final Place out;

  PointwiseKernel(Value value, Place out) {
    this.value = value;
    this.out = out;
  }

  @Override
  public final int plan(StepState step) {
    return (int) ((size(step) + UNIT - 1) / UNIT);
  }

  private long size(StepState step) {
    return (long) step.rows(value.rows()) * value.width();
  }

  @Override
  public final void run(StepState step, int unit, long scratch) {
    long from = (long) unit * UNIT;
    long n = Math.min(UNIT, size(step) - from);
    run(4 * from, out.address() + 4 * from, (int) n, scratch);
  }

  /**
   * Computes {@code n} values, rounded up to whole vectors.
   *
   * @param at bytes from the beginning of each place
   */
  abstract void run(long at, long to, int n, long scratch);

  /** {@code a + b}. */
  public static PointwiseKernel add(Value value, Place a, Place b, Place out) {
    return new PointwiseKernel(value, out) {
      @Override
      void run(long at, long to, int n, long scratch) {
        long p = a.address() + at;
        long q = b.address() + at;
        for (int i = 0; i < n; i += Simd.LANES) {
          Simd.store(Simd.load(p + 4L * i).add(Simd.load(q + 4L * i)), to + 4L * i);
        }
      }
    };
  }

  /** {@code factor * in}. */
  public static PointwiseKernel scale(Value value, float factor, Place in, Place out) {
    return new PointwiseKernel(value, out) {
      @Override
      void run(long at, long to, int n, long scratch) {
        long p = in.address() + at;
        for (int i = 0; i < n; i += Simd.LANES) {
          Simd.store(Simd.load(p + 4L * i).mul(factor), to + 4L * i);
        }
      }
    };
  }

  /** {@code cap * tanh(in / cap)}. */
  public static PointwiseKernel softCap(Value value, float cap, Place in, Place out) {
    return new PointwiseKernel(value, out) {
      @Override
      void run(long at, long to, int n, long scratch) {
        long p = in.address() + at;
        for (int i = 0; i < n; i += Simd.LANES) {
          Simd.store(Functions.tanh(Simd.load(p + 4L * i).div(cap)).mul(cap), to + 4L * i);
        }
      }
    };
  }

  /** What machine code makes of two values each. */
  public static PointwiseKernel coded(
      Value value, PointwiseCode code, Place first, Place second, Place out) {
    return new PointwiseKernel(value, out) {
      @Override
      void run(long at, long to, int n, long scratch) {
        code.run(first.address() + at, second.address() + at, to, n, scratch);
      }

      @Override
      public long scratchBytes() {
        return PointwiseCode.CALL_SCRATCH;
      }
    };
  }

  /** {@code activation(gate) * up}. */
  public static PointwiseKernel gated(
      Value value, Activation activation, Place gate, Place up, Place out) {
    return switch (activation) {
      case SILU ->
          new PointwiseKernel(value, out) {
            @Override
            void run(long at, long to, int n, long scratch) {
              long p = gate.address() + at;
              long q = up.address() + at;
              for (int i = 0; i < n; i += Simd.LANES) {
                FloatVector g = Simd.load(p + 4L * i);
                Simd.store(g.mul(Functions.sigmoid(g)).mul(Simd.load(q + 4L * i)), to + 4L * i);
              }
            }
          };
      case GELU_TANH ->
          new PointwiseKernel(value, out) {
            @Override
            void run(long at, long to, int n, long scratch) {
              long p = gate.address() + at;
              long q = up.address() + at;
              for (int i = 0; i < n; i += Simd.LANES) {
                FloatVector g = Simd.load(p + 4L * i);
                Simd.store(
                    g.mul(Functions.sigmoid(geluArgument(g))).mul(Simd.load(q + 4L * i)),
                    to + 4L * i);
              }
            }
          };
    };
  }

  /** {@code 2 sqrt(2/pi) (x + 0.044715 x^3)}, as {@code (1 + tanh u) / 2 = sigmoid(2 u)}. */
  private static FloatVector geluArgument(FloatVector x) {
    FloatVector cubed = x.mul(x).mul(0.044715f).add(1f).mul(x);
    return cubed.mul(1.5957691216057308f);
  }
}
