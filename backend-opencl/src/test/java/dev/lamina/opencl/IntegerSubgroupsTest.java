package dev.lamina.opencl;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.lamina.gguf.GgmlType;
import dev.lamina.opencl.Paths.Integers;
import dev.lamina.opencl.Paths.Subgroups;
import dev.lamina.shaders.Tuning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Products of integers as {@link SubgroupKernelsTest} has those of floats: with teams of 16 items,
 * and with what they do where a compiler has chosen sub-groups of another size.
 */
class IntegerSubgroupsTest extends KernelCases {
  @Override
  OpenClDevice open() {
    return open(Integers.PLAIN);
  }

  private static OpenClDevice open(Integers integers) {
    Paths paths = new Paths(Tuning.DEFAULT.withLanes(16, 8), Subgroups.OTHER_SIZE, integers, true);
    return TestDevices.open("OpenCL0", s -> s.withPaths(paths));
  }

  /** Where dot products are promised and not there, they are plain C. */
  @Test
  void aDriverThatDoesNotKeepItsPromise() throws IOException {
    try (OpenClDevice device = open(Integers.DOT)) {
      if (!device.facts().extensions().contains("cl_khr_integer_dot_product")) {
        products(device, GgmlType.Q4_0);
        String refused = device.programs().refused();
        assertNotNull(refused);
        Files.delete(Path.of(refused.substring(refused.lastIndexOf(' ') + 1)));
      }
    }
    assertNull(device().programs().refused());
  }

  /** With and without minima, with scales for 16 and for 32 values, and with a table. */
  @Override
  List<GgmlType> types() {
    return List.of(GgmlType.Q4_0, GgmlType.Q2_K, GgmlType.Q6_K, GgmlType.IQ2_S);
  }

  @Override
  boolean large() {
    return true;
  }

  @Override
  double bound() {
    return 2e-4;
  }
}
