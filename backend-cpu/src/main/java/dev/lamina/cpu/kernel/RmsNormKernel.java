package dev.lamina.cpu.kernel;

import dev.lamina.backend.Value;
import dev.lamina.cpu.pointwise.NormCode;
import dev.lamina.cpu.simd.Dot;
import dev.lamina.cpu.simd.Simd;
import jdk.incubator.vector.FloatVector;

/** Root-mean-square norm of rows, or of equal parts of them. */
public final class RmsNormKernel extends Kernel {
  /** Values of a unit. */
  private static final int UNIT = 8192;

  private final long gamma;
  private final int size;
  private final float eps;
  private final Value value;
  private final Place in;
  private final Place out;

  private final NormCode code;

  /**
   * @param gamma address of {@code size} floats
   * @param code does it; null where the Vector API has to
   */
  public RmsNormKernel(
      long gamma, int size, float eps, Value value, Place in, Place out, NormCode code) {
    this.code = code;
    this.gamma = gamma;
    this.size = size;
    this.eps = eps;
    this.value = value;
    this.in = in;
    this.out = out;
  }

  private int perUnit() {
    return Math.max(1, UNIT / size);
  }

  private int groups(StepState step) {
    return step.rows(value.rows()) * (value.width() / size);
  }

  @Override
  public int plan(StepState step) {
    return (groups(step) + perUnit() - 1) / perUnit();
  }

  @Override
  public long scratchBytes() {
    return NormCode.CALL_SCRATCH;
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    int end = Math.min(groups(step), (unit + 1) * perUnit());
    if (code != null) {
      int first = unit * perUnit();
      long at = 4L * first * size;
      code.run(in.address() + at, gamma, out.address() + at, size, end - first, eps, scratch);
      return;
    }
    for (int g = unit * perUnit(); g < end; g++) {
      long at = 4L * g * size;
      normalise(in.address() + at, out.address() + at);
    }
  }

  private void normalise(long x, long y) {
    float scale = (float) (1 / Math.sqrt(Dot.row(x, x, size) / size + eps));
    FloatVector factor = FloatVector.broadcast(Simd.F, scale);
    int i = 0;
    for (int end = size - Simd.LANES; i <= end; i += Simd.LANES) {
      long at = 4L * i;
      Simd.store(Simd.load(x + at).mul(factor).mul(Simd.load(gamma + at)), y + at);
    }
    for (; i < size; i++) {
      long at = 4L * i;
      Simd.storeFloat(y + at, Simd.loadFloat(x + at) * scale * Simd.loadFloat(gamma + at));
    }
  }
}
