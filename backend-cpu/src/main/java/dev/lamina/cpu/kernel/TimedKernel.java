package dev.lamina.cpu.kernel;

import java.util.concurrent.atomic.LongAdder;

/** A kernel whose time in units is added up, and that of threads which wait for its last ones. */
public final class TimedKernel extends Kernel {
  private final Kernel kernel;
  private final Times prompt;
  private final Times single;

  /**
   * Nanoseconds of all threads.
   *
   * @param work in units
   * @param waiting for the other threads' units
   * @param stalled the same where it took longer than any unit: another thread had no processor
   */
  public record Times(LongAdder work, LongAdder waiting, LongAdder stalled) {
    /** Nanoseconds above which a wait is not for work. */
    private static final long STALL = 1_000_000;

    public Times() {
      this(new LongAdder(), new LongAdder(), new LongAdder());
    }

    private void waited(long nanos) {
      (nanos < STALL ? waiting : stalled).add(nanos);
    }
  }

  /**
   * @param prompt gets the times of steps of several tokens
   * @param single gets those of steps of one
   */
  public TimedKernel(Kernel kernel, Times prompt, Times single) {
    this.kernel = kernel;
    this.prompt = prompt;
    this.single = single;
  }

  private Times times(StepState step) {
    return step.step().tokens() > 1 ? prompt : single;
  }

  /** Adds the time that a thread waited for others which had units of it. */
  public void waited(StepState step, long nanos) {
    times(step).waited(nanos);
  }

  @Override
  public int plan(StepState step) {
    return kernel.plan(step);
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    long from = System.nanoTime();
    kernel.run(step, unit, scratch);
    times(step).work.add(System.nanoTime() - from);
  }

  @Override
  public int atOnce() {
    return kernel.atOnce();
  }

  @Override
  public void run(StepState step, int first, int end, long scratch) {
    long from = System.nanoTime();
    kernel.run(step, first, end, scratch);
    times(step).work.add(System.nanoTime() - from);
  }

  @Override
  public long weights(int unit) {
    return kernel.weights(unit);
  }

  @Override
  public long weightsEnd() {
    return kernel.weightsEnd();
  }

  @Override
  public long scratchBytes() {
    return kernel.scratchBytes();
  }
}
