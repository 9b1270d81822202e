package dev.lamina.cpu.kernel;

/** The SIMD kernel of an op and its plain form; each step is computed by one of them. */
public final class TieredKernel extends Kernel {
  private final Kernel simd;
  private final Kernel plain;

  /**
   * @param plain computes the same, or null where a step in plain form does not need it
   */
  public TieredKernel(Kernel simd, Kernel plain) {
    this.simd = simd;
    this.plain = plain;
  }

  @Override
  public int plan(StepState step) {
    if (!step.plain()) {
      return simd.plan(step);
    }
    return plain == null ? 0 : plain.plan(step);
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    (step.plain() ? plain : simd).run(step, unit, scratch);
  }

  @Override
  public long scratchBytes() {
    return simd.scratchBytes();
  }
}
