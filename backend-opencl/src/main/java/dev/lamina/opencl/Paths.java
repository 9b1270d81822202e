package dev.lamina.opencl;

import dev.lamina.backend.CpuMath;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.shaders.CardFeatures;
import dev.lamina.shaders.MatrixUnits;
import dev.lamina.shaders.Tuning;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which kernels a device runs, and how its compiler is asked for them: the one place that knows
 * kinds of devices. What is chosen here decides how fast a device is; and, where products are those
 * of integers, that activations are rounded, unless the user wants floats.
 *
 * <p>Of cl_khr_fp16 no use is made: float16 weights and pages are read and written by {@code
 * vload_half} and {@code vstore_half}, which every device has without it, and of a sum of some
 * thousand products float16 keeps one or two digits.
 *
 * @param tuning how work is cut
 * @param subgroups how items add up without local memory
 * @param integers how quantized weights meet activations
 * @param vectors whether vectors of 16 are what the device calculates with, and loops better stay
 *     loops: on processors
 */
record Paths(Tuning tuning, Subgroups subgroups, Integers integers, boolean vectors) {
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

  /**
   * Ways to multiply weights that are made of integers; {@code prelude/opencl.c} has the numbers.
   */
  enum Integers {
    /** As floats. */
    OFF(0),
    /** By activations in 8 bits, without help. */
    PLAIN(1),
    /** The same with cl_khr_integer_dot_product. */
    DOT(2),
    /** The same where the device adds up in one go. */
    ADDED(3);

    private final int number;

    Integers(int number) {
      this.number = number;
    }
  }

  /** What every device can run. */
  static final Paths FLOOR = new Paths(Tuning.DEFAULT, Subgroups.OFF, Integers.OFF, false);

  private static final Paths PROCESSOR =
      new Paths(Tuning.PROCESSOR, Subgroups.OFF, Integers.OFF, true);

  /**
   * Names, apart by commas, of what devices run although it does not suit them: {@code integers}.
   */
  private static final String WITH = "lamina.opencl.with";

  /** Work-items of a work-group in products with few tokens. */
  private static final int GROUP = 128;

  static Paths of(DeviceFacts facts, DeviceOptions options) {
    boolean rounding = options.math() == CpuMath.I8;
    boolean asked = List.of(System.getProperty(WITH, "").split(",")).contains("integers");
    if (facts.isProcessor()) {
      return asked && rounding ? FLOOR.onProcessor().withIntegers(Integers.PLAIN) : PROCESSOR;
    }
    int lanes = lanes(facts.vendor(), facts.lanes());
    Tuning tuning = Tuning.DEFAULT.withLanes(lanes, Math.max(1, GROUP / lanes));
    Integers integers = rounding ? facts.integers() : Integers.OFF;
    return new Paths(
        tuning,
        subgroups(facts.extensions(), facts.version()),
        asked && rounding && integers == Integers.OFF ? Integers.PLAIN : integers,
        false);
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
    return new Paths(tuning, subgroups, integers, true);
  }

  /** With other sub-groups. */
  Paths withSubgroups(Subgroups other) {
    return new Paths(tuning, other, integers, vectors);
  }

  /** With other products of integers. */
  Paths withIntegers(Integers other) {
    return new Paths(tuning, subgroups, other, vectors);
  }

  /** The same products without anything that a compiler may not have. */
  Paths plain() {
    return new Paths(
        tuning, Subgroups.OFF, integers == Integers.OFF ? Integers.OFF : Integers.PLAIN, vectors);
  }

  /** What decides which kernels run, on a device with so much local memory. */
  CardFeatures features(int localBytes, boolean repack) {
    return new CardFeatures(
        MatrixUnits.NONE,
        integers != Integers.OFF,
        repack,
        false,
        tuning.withLocalBytes(Math.min(localBytes, tuning.localBytes())));
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
    if (integers != Integers.OFF) {
      defines.put("INTEGERS", integers.number);
    }
    return defines;
  }

  /**
   * Options of the compiler. OpenCL 1.2 is what all have; sub-groups as such came with 2.0, which
   * devices of version 3 need not have, and dot products of integers with 3.0.
   */
  String options(String version) {
    boolean dot = integers == Integers.DOT || integers == Integers.ADDED;
    if (subgroups != Subgroups.KHR && !dot) {
      return "-cl-std=CL1.2";
    }
    return version.startsWith("OpenCL 2.") ? "-cl-std=CL2.0" : "-cl-std=CL3.0";
  }
}
