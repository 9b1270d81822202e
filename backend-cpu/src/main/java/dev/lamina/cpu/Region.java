package dev.lamina.cpu;

import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.StepState;
import java.util.List;

/** Kernels that do not depend on each other: one parallel phase between two barriers. */
final class Region {
  private final Kernel[] kernels;
  private final int[] ends;

  Region(List<Kernel> kernels) {
    this.kernels = kernels.toArray(Kernel[]::new);
    this.ends = new int[this.kernels.length];
  }

  /** Counts the units of a step; returns whether there are any. */
  boolean plan(StepState step) {
    int total = 0;
    for (int i = 0; i < kernels.length; i++) {
      total += kernels[i].plan(step);
      ends[i] = total;
    }
    return total > 0;
  }

  /** Whether there is so little to do that one thread does it all sooner than two meet. */
  boolean small() {
    return ends[ends.length - 1] <= 2;
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
  void run(StepState step, ThreadTeam team, long scratch) {
    int kernel = 0;
    for (int unit = team.take(); unit < ends[ends.length - 1]; unit = team.take()) {
      while (unit >= ends[kernel]) {
        kernel++;
      }
      kernels[kernel].run(step, kernel == 0 ? unit : unit - ends[kernel - 1], scratch);
    }
  }
}
