package dev.lamina.cpu.kernel;

/** One op of a program, or a part of one. */
public abstract class Kernel {
  /**
   * Looks at a step before it runs, on one thread.
   *
   * @return how many units the step needs, 0 for none
   */
  public abstract int plan(StepState step);

  /**
   * Computes one unit; units run in any order, on any thread, at the same time.
   *
   * @param scratch address of {@link #scratchBytes} bytes of this thread's own
   */
  public abstract void run(StepState step, int unit, long scratch);

  /** Bytes of scratch memory that a thread needs. */
  public long scratchBytes() {
    return 0;
  }
}
