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

  /**
   * How many units of the planned step, each following the one before, are best taken at once as
   * long as there are enough for all threads.
   */
  public int atOnce() {
    return 1;
  }

  /** Computes the units {@code first} to {@code end}. */
  public void run(StepState step, int first, int end, long scratch) {
    for (int unit = first; unit < end; unit++) {
      run(step, unit, scratch);
    }
  }

  /**
   * Where a unit of the planned step begins to read weights that are read once, front to back, so
   * that they can be asked for before it runs; 0 where there are none.
   */
  public long weights(int unit) {
    return 0;
  }

  /** Where those weights end for all units. */
  public long weightsEnd() {
    return 0;
  }

  /** Bytes of scratch memory that a thread needs. */
  public long scratchBytes() {
    return 0;
  }
}
