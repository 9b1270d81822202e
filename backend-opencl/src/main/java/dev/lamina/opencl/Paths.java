package dev.lamina.opencl;

import dev.lamina.shaders.Tuning;
import java.util.Map;

/**
 * Which kernels a device runs, and how its compiler is asked for them.
 *
 * @param tuning how work is cut
 * @param vectors whether vectors of 16 are what the device calculates with, and loops better stay
 *     loops: on processors
 */
record Paths(Tuning tuning, boolean vectors) {
  /** What every device can run. */
  static final Paths FLOOR = new Paths(Tuning.DEFAULT, false);

  private static final Paths PROCESSOR = new Paths(Tuning.PROCESSOR, true);

  static Paths of(DeviceFacts facts) {
    return facts.isProcessor() ? PROCESSOR : FLOOR;
  }

  /** For a processor's compiler, in tests of what cards run. */
  Paths onProcessor() {
    return new Paths(tuning, true);
  }

  /** Numbers that kernel texts have before everything else. */
  Map<String, Integer> defines() {
    return vectors ? Map.of("CPU_VECTORS", 1) : Map.of();
  }
}
