package dev.lamina.cpu.plain;

import dev.lamina.backend.Value;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.Matrix;
import dev.lamina.cpu.kernel.Place;
import dev.lamina.cpu.kernel.StepState;

/** A matrix product, weight row by weight row: decoded once, multiplied with every input row. */
final class PlainMatMul extends Kernel {
  /** Units for each thread: enough to even out, few enough to copy the input seldom. */
  private static final int UNITS = 2;

  private final Matrix weight;
  private final long bias;
  private final Value input;
  private final Place in;
  private final Place out;

  /**
   * @param bias address of {@code weight.rows()} floats, or 0
   */
  PlainMatMul(Matrix weight, long bias, Value input, Place in, Place out) {
    this.weight = weight;
    this.bias = bias;
    this.input = input;
    this.in = in;
    this.out = out;
  }

  /** Rows of a unit: a multiple of 16, so that outputs end on cache lines. */
  private int unitRows(StepState step) {
    int units = UNITS * step.workers();
    return ((weight.rows() + units - 1) / units + 15) / 16 * 16;
  }

  @Override
  public int plan(StepState step) {
    int rows = unitRows(step);
    return step.rows(input.rows()) == 0 ? 0 : (weight.rows() + rows - 1) / rows;
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    int n = step.rows(input.rows());
    int cols = weight.cols();
    int first = unit * unitRows(step);
    int count = Math.min(unitRows(step), weight.rows() - first);
    float[] x = Heap.floats(in.address(), n * cols);
    float[] b = bias == 0 ? new float[count] : Heap.floats(bias + 4L * first, count);
    float[] y = new float[n * count];
    float[] w = new float[cols];
    PlainRows rows = new PlainRows(weight.format().type(), cols);
    for (int r = 0; r < count; r++) {
      rows.decode(weight.row(0, first + r), w);
      for (int t = 0; t < n; t++) {
        y[t * count + r] = dot(w, x, t * cols) + b[r];
      }
    }
    for (int t = 0; t < n; t++) {
      Heap.store(y, t * count, count, out.address() + 4L * ((long) t * weight.rows() + first));
    }
  }

  /** The sum over all of {@code w}, in eight sums that do not wait for each other. */
  static float dot(float[] w, float[] x, int at) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    float s4 = 0;
    float s5 = 0;
    float s6 = 0;
    float s7 = 0;
    int i = 0;
    for (; i <= w.length - 8; i += 8) {
      s0 += w[i] * x[at + i];
      s1 += w[i + 1] * x[at + i + 1];
      s2 += w[i + 2] * x[at + i + 2];
      s3 += w[i + 3] * x[at + i + 3];
      s4 += w[i + 4] * x[at + i + 4];
      s5 += w[i + 5] * x[at + i + 5];
      s6 += w[i + 6] * x[at + i + 6];
      s7 += w[i + 7] * x[at + i + 7];
    }
    for (; i < w.length; i++) {
      s0 += w[i] * x[at + i];
    }
    return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
  }
}
