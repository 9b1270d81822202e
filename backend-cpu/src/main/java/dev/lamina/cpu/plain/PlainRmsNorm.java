package dev.lamina.cpu.plain;

import dev.lamina.backend.Value;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.Place;
import dev.lamina.cpu.kernel.StepState;

/** Root-mean-square norm; a unit is a row, with all of its groups. */
final class PlainRmsNorm extends Kernel {
  private final long gamma;
  private final int size;
  private final float eps;
  private final Value value;
  private final Place in;
  private final Place out;

  /**
   * @param gamma address of {@code size} floats
   */
  PlainRmsNorm(long gamma, int size, float eps, Value value, Place in, Place out) {
    this.gamma = gamma;
    this.size = size;
    this.eps = eps;
    this.value = value;
    this.in = in;
    this.out = out;
  }

  @Override
  public int plan(StepState step) {
    return step.rows(value.rows());
  }

  @Override
  public void run(StepState step, int row, long scratch) {
    int width = value.width();
    long at = 4L * row * width;
    float[] gains = Heap.floats(gamma, size);
    float[] x = Heap.floats(in.address() + at, width);
    for (int group = 0; group < width; group += size) {
      normalise(x, group, gains, eps);
    }
    Heap.store(x, 0, width, out.address() + at);
  }

  private static void normalise(float[] x, int from, float[] gains, float eps) {
    double sum = 0;
    for (int i = 0; i < gains.length; i++) {
      sum += (double) x[from + i] * x[from + i];
    }
    float scale = (float) (1 / Math.sqrt(sum / gains.length + eps));
    for (int i = 0; i < gains.length; i++) {
      x[from + i] = x[from + i] * scale * gains[i];
    }
  }
}
