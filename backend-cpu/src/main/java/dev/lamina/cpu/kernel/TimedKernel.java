package dev.lamina.cpu.kernel;

import java.util.concurrent.atomic.LongAdder;

/** A kernel whose time in units is added up. */
public final class TimedKernel extends Kernel {
  private final Kernel kernel;
  private final LongAdder prompt;
  private final LongAdder single;

  /**
   * @param prompt gets the nanoseconds of steps of several tokens
   * @param single gets those of steps of one
   */
  public TimedKernel(Kernel kernel, LongAdder prompt, LongAdder single) {
    this.kernel = kernel;
    this.prompt = prompt;
    this.single = single;
  }

  @Override
  public int plan(StepState step) {
    return kernel.plan(step);
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    long from = System.nanoTime();
    kernel.run(step, unit, scratch);
    (step.step().tokens() > 1 ? prompt : single).add(System.nanoTime() - from);
  }

  @Override
  public long scratchBytes() {
    return kernel.scratchBytes();
  }
}
