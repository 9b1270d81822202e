package dev.lamina.opencl;

import dev.lamina.gguf.GgmlType;
import java.util.List;

/** The kernels that cards without extensions run, whatever the device here is. */
class CardKernelsTest extends KernelCases {
  @Override
  OpenClDevice open() {
    return TestDevices.open("OpenCL0", s -> s.withPaths(Paths.FLOOR.onProcessor()));
  }

  /** One of each way to lay blocks out: the decode routines are the same in all kernels. */
  @Override
  List<GgmlType> types() {
    return List.of(GgmlType.F16, GgmlType.Q4_0, GgmlType.Q6_K, GgmlType.IQ3_S);
  }

  @Override
  boolean large() {
    return true;
  }
}
