package dev.lamina.cpu;

import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.StepState;
import dev.lamina.cpu.kernel.TimedKernel;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Kernels that do not depend on each other: one parallel phase between two barriers. Every thread
 * has a section of the units and goes through it in order, so that it reads weights as they lie in
 * memory; when it is done, it takes units from the ends of the others' sections.
 */
final class Region {
  /** Longs from section to section: they lie in cache lines of their own. */
  private static final int APART = 16;

  /** What part of the units that are left is taken at once, at most: one by so many. */
  private static final int SHARE = 4;

  private final Kernel[] kernels;
  private final int[] ends;

  /** For each thread the next unit of its section in the low half, its end in the high one. */
  private AtomicLongArray sections = new AtomicLongArray(0);

  private boolean readsWeights;

  Region(List<Kernel> kernels) {
    this.kernels = kernels.toArray(Kernel[]::new);
    this.ends = new int[this.kernels.length];
  }

  /** Counts the units of a step; returns whether there are any. */
  boolean plan(StepState step) {
    int total = 0;
    readsWeights = false;
    for (int i = 0; i < kernels.length; i++) {
      int units = kernels[i].plan(step);
      total += units;
      ends[i] = total;
      readsWeights |= units > 0 && kernels[i].weights(0) != 0;
    }
    int workers = step.workers();
    if (sections.length() != workers * APART) {
      sections = new AtomicLongArray(workers * APART);
    }
    for (int w = 0; w < workers; w++) {
      long first = (long) total * w / workers;
      long end = (long) total * (w + 1) / workers;
      sections.setPlain(w * APART, end << 32 | first);
    }
    return total > 0;
  }

  /** Whether there is so little to do that one thread does it all sooner than two meet. */
  boolean small() {
    return ends[ends.length - 1] <= 2;
  }

  /** Has a thread ask for the weights that it will read first in the planned step, if any. */
  void ahead(int worker, Ahead ahead) {
    long section = sections.get(worker * APART);
    int unit = (int) section;
    if (unit == section >> 32) {
      return;
    }
    int kernel = kernel(unit);
    long from = kernels[kernel].weights(unit - first(kernel));
    if (from != 0) {
      ahead.ask(from, kernels[kernel].weightsEnd());
    }
  }

  /** Whether some units of the planned step read weights that can be asked for. */
  boolean readsWeights() {
    return readsWeights;
  }

  private int first(int kernel) {
    return kernel == 0 ? 0 : ends[kernel - 1];
  }

  /** The kernel of a unit. */
  private int kernel(int unit) {
    int kernel = 0;
    while (unit >= ends[kernel]) {
      kernel++;
    }
    return kernel;
  }

  /** Runs all units on this thread. */
  void runAlone(StepState step, long scratch) {
    int unit = 0;
    for (int k = 0; k < kernels.length; k++) {
      for (int first = unit; unit < ends[k]; unit++) {
        kernels[k].run(step, unit - first, scratch);
      }
    }
  }

  /** Takes units until none is left. */
  void run(StepState step, ThreadTeam team, int worker, long scratch) {
    while (!team.skipped() && next(step, worker, scratch)) {}
    for (int i = 1; i < team.size(); i++) {
      int other = (worker + i) % team.size();
      while (last(step, other, scratch)) {}
    }
  }

  /** Says that a thread waited for those that were not done yet. */
  void waited(StepState step, long nanos) {
    if (kernels[kernels.length - 1] instanceof TimedKernel timed) {
      timed.waited(step, nanos);
    }
  }

  private void run(int kernel, int unit, int count, StepState step, long scratch) {
    int first = unit - first(kernel);
    kernels[kernel].run(step, first, first + count, scratch);
  }

  /**
   * Runs the first units that are left of a section: several at once, but fewer the fewer are left,
   * so that threads end at about the same time. Returns whether there were any.
   */
  private boolean next(StepState step, int worker, long scratch) {
    while (true) {
      long section = sections.get(worker * APART);
      int unit = (int) section;
      int left = (int) (section >> 32) - unit;
      if (left == 0) {
        return false;
      }
      int kernel = kernel(unit);
      int count = Math.min(ends[kernel] - unit, kernels[kernel].atOnce());
      count = Math.clamp(left / SHARE, 1, count);
      if (sections.compareAndSet(worker * APART, section, section + count)) {
        run(kernel, unit, count, step, scratch);
        return true;
      }
    }
  }

  /** Runs the last one. */
  private boolean last(StepState step, int worker, long scratch) {
    while (true) {
      long section = sections.get(worker * APART);
      int unit = (int) (section >> 32) - 1;
      if ((int) section > unit) {
        return false;
      }
      if (sections.compareAndSet(worker * APART, section, section - (1L << 32))) {
        run(kernel(unit), unit, 1, step, scratch);
        return true;
      }
    }
  }
}
