package dev.lamina.opencl;

import dev.lamina.shaders.Tuning;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which kernels a device runs, and how its compiler is asked for them: the one place that knows
 * kinds of devices. What is chosen here decides how fast a device is, never what it calculates.
 *
 * <p>Of cl_khr_fp16 no use is made: halves are read and written by functions that every device has,
 * and sums in float16 would cost three digits.
 *
 * @param tuning how work is cut
 * @param subgroups how items add up without local memory
 * @param vectors whether vectors of 16 are what the device calculates with, and loops better stay
 *     loops: on processors
 */
record Paths(Tuning tuning, Subgroups subgroups, boolean vectors) {
  /** Ways to sums over the items of a team; {@code prelude/opencl.c} has the numbers. */
  enum Subgroups {
    /** Through local memory. */
    OFF(0, ""),
    /** As in OpenCL 2.0 and later. */
    KHR(1, "cl_khr_subgroups"),
    /** Intel's own, which OpenCL 1.2 can have. */
    INTEL(2, "cl_intel_subgroups"),
    /** What is done where a compiler has chosen sub-groups of another size: for tests. */
    OTHER_SIZE(3, "");

    private final int number;
    private final String extension;

    Subgroups(int number, String extension) {
      this.number = number;
      this.extension = extension;
    }
  }

  /** What every device can run. */
  static final Paths FLOOR = new Paths(Tuning.DEFAULT, Subgroups.OFF, false);

  private static final Paths PROCESSOR = new Paths(Tuning.PROCESSOR, Subgroups.OFF, true);

  /** Work-items of a work-group in products with few tokens. */
  private static final int GROUP = 128;

  static Paths of(DeviceFacts facts) {
    if (facts.isProcessor()) {
      return PROCESSOR;
    }
    int lanes = lanes(facts.vendor(), facts.lanes());
    Tuning tuning = Tuning.DEFAULT.withLanes(lanes, Math.max(1, GROUP / lanes));
    return new Paths(tuning, subgroups(facts.extensions(), facts.version()), false);
  }

  /**
   * Items that run in step, which share a row: so that they read side by side, and add up what they
   * have without a barrier.
   *
   * @param told what the driver says: AMD's and NVIDIA's do; else 0
   */
  static int lanes(String vendor, int told) {
    if (told >= 8 && told <= GROUP && Integer.bitCount(told) == 1) {
      return told;
    }
    String name = vendor.toLowerCase(Locale.ROOT);
    // Intel's units run 8, 16 or 32 items; with 16 each has 16 registers of a piece to itself.
    // Mali's warps have 16 items since Bifrost's second generation, 8 before.
    if (name.contains("intel") || name.startsWith("arm")) {
      return 16;
    }
    // Adreno's waves have 64 items, or 128 where few registers are needed, which is not so here.
    return name.contains("qualcomm") ? 64 : Tuning.DEFAULT.lanes();
  }

  static Subgroups subgroups(Set<String> extensions, String version) {
    if (extensions.contains(Subgroups.INTEL.extension)) {
      return Subgroups.INTEL;
    }
    return extensions.contains(Subgroups.KHR.extension) && !version.startsWith("OpenCL 1.")
        ? Subgroups.KHR
        : Subgroups.OFF;
  }

  /** For a processor's compiler, in tests of what cards run. */
  Paths onProcessor() {
    return new Paths(tuning, subgroups, true);
  }

  /** With other sub-groups. */
  Paths withSubgroups(Subgroups other) {
    return new Paths(tuning, other, vectors);
  }

  /** Numbers that kernel texts have before everything else. */
  Map<String, Integer> defines() {
    Map<String, Integer> defines = new TreeMap<>();
    if (vectors) {
      defines.put("CPU_VECTORS", 1);
    }
    if (subgroups != Subgroups.OFF) {
      defines.put("SUBGROUPS", subgroups.number);
    }
    return defines;
  }

  /**
   * Options of the compiler. OpenCL 1.2 is what all have; sub-groups as such came with 2.0, which
   * devices of version 3 need not have.
   */
  String options(String version) {
    if (subgroups != Subgroups.KHR) {
      return "-cl-std=CL1.2";
    }
    return version.startsWith("OpenCL 2.") ? "-cl-std=CL2.0" : "-cl-std=CL3.0";
  }
}
