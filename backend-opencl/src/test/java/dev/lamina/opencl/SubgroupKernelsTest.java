package dev.lamina.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.gguf.GgmlType;
import dev.lamina.opencl.Paths.Integers;
import dev.lamina.opencl.Paths.Subgroups;
import dev.lamina.shaders.Tuning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * The kernels for sub-groups, with what they do where a compiler has chosen another size: no driver
 * that stands in for a card here has any. And which device gets what.
 */
class SubgroupKernelsTest extends KernelCases {
  @Override
  OpenClDevice open() {
    return open(Subgroups.OTHER_SIZE);
  }

  /** Sums are the same for all types: one of each way to lay blocks out. */
  @Override
  List<GgmlType> types() {
    return List.of(GgmlType.F16, GgmlType.Q4_0, GgmlType.Q6_K, GgmlType.IQ3_S);
  }

  @Override
  boolean large() {
    return true;
  }

  private static OpenClDevice open(Subgroups subgroups) {
    Paths paths =
        new Paths(Tuning.DEFAULT.withLanes(16, 8), Subgroups.OFF, Integers.OFF, true)
            .withSubgroups(subgroups);
    return TestDevices.open("OpenCL0", s -> s.withPaths(paths));
  }

  /** Where extensions are promised and not there, kernels are built without them. */
  @Test
  void aDriverThatDoesNotKeepItsPromise() throws IOException {
    try (OpenClDevice device = open(Subgroups.INTEL)) {
      if (!device.facts().extensions().contains("cl_intel_subgroups")) {
        products(device, GgmlType.Q4_0);
        String refused = device.programs().refused();
        assertNotNull(refused);
        Files.delete(Path.of(refused.substring(refused.lastIndexOf(' ') + 1)));
        assertTrue(
            device.info().notes().stream().anyMatch(n -> n.startsWith("without extensions")),
            device.info().toString());
      }
    }
    assertNull(device().programs().refused());
  }

  @Test
  void eachKindOfCardHasItsOwn() {
    assertEquals(64, Paths.lanes("Advanced Micro Devices, Inc.", 64));
    assertEquals(32, Paths.lanes("NVIDIA Corporation", 32));
    assertEquals(16, Paths.lanes("Intel(R) Corporation", 0));
    assertEquals(16, Paths.lanes("ARM", 0));
    assertEquals(64, Paths.lanes("QUALCOMM", 0));
    assertEquals(32, Paths.lanes("Imagination Technologies", 0));
    assertEquals(32, Paths.lanes("a driver that errs", 7));
    Set<String> both = Set.of("cl_khr_subgroups", "cl_intel_subgroups");
    assertEquals(Subgroups.INTEL, Paths.subgroups(both, "OpenCL 1.2 "));
    Set<String> khr = Set.of("cl_khr_subgroups");
    assertEquals(Subgroups.KHR, Paths.subgroups(khr, "OpenCL 2.0 AMD-APP"));
    assertEquals(Subgroups.OFF, Paths.subgroups(khr, "OpenCL 1.2 "));
    assertEquals(Subgroups.OFF, Paths.subgroups(Set.of(), "OpenCL 3.0 "));
    Paths paths = Paths.FLOOR.withSubgroups(Subgroups.KHR);
    assertEquals("-cl-std=CL2.0", paths.options("OpenCL 2.1 "));
    assertEquals("-cl-std=CL3.0", paths.options("OpenCL 3.0 "));
    assertEquals("-cl-std=CL1.2", Paths.FLOOR.options("OpenCL 3.0 "));
    Paths dot = Paths.FLOOR.withIntegers(Integers.DOT);
    assertEquals("-cl-std=CL3.0", dot.options("OpenCL 3.0 "));
    assertEquals("-cl-std=CL1.2", dot.plain().options("OpenCL 3.0 "));
    assertEquals(Integers.PLAIN, dot.withSubgroups(Subgroups.KHR).plain().integers());
    assertEquals(Integers.OFF, paths.plain().integers());
  }
}
