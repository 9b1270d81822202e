package dev.lamina.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Step;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.StepState;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sections of units: every unit once, those of a slow thread by the others. */
class RegionTest {
  private static final int UNITS = 23;

  /** Counts its units; on worker 0's first unit it waits until all others are done. */
  private static final class Counted extends Kernel {
    final AtomicIntegerArray ran = new AtomicIntegerArray(UNITS);
    final boolean slow;

    Counted(boolean slow) {
      this.slow = slow;
    }

    @Override
    public int plan(StepState step) {
      return UNITS;
    }

    @Override
    public void run(StepState step, int unit, long scratch) {
      if (slow && unit == 0) {
        while (others() < UNITS - 1) {
          Thread.onSpinWait();
        }
      }
      ran.incrementAndGet(unit);
    }

    private int others() {
      int sum = 0;
      for (int i = 1; i < UNITS; i++) {
        sum += ran.get(i);
      }
      return sum;
    }
  }

  private static StepState state(int workers) {
    StepState state =
        new StepState(new Limits(1, 1, 1, 16, List.of(new Limits.PageGroup(1, 1))), workers);
    int[] zero = {0};
    state.begin(
        new Step(zero, zero, zero, zero, new int[][][] {{{0}}}, List.of(), Output.HIDDEN), false);
    return state;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8, 40})
  void everyUnitRunsOnce(int workers) {
    Counted first = new Counted(workers > 1);
    Counted second = new Counted(false);
    Region region = new Region(List.of(first, second));
    StepState state = state(workers);
    try (ThreadTeam team = new ThreadTeam(workers)) {
      for (int round = 1; round <= 2; round++) {
        assertTrue(region.plan(state));
        assertFalse(region.small());
        assertFalse(region.readsWeights());
        team.run(worker -> region.run(state, team, worker, 0));
        for (int i = 0; i < UNITS; i++) {
          assertEquals(round, second.ran.get(i), "unit " + i);
          assertEquals(round, first.ran.get(i), "unit " + i);
        }
        if (workers > 1) {
          break; // the slow unit waits for counts of the first round
        }
      }
    }
  }
}
