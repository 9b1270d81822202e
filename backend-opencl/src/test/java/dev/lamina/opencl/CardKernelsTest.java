package dev.lamina.opencl;

/** The kernels that cards without extensions run, with every type, whatever the device here is. */
class CardKernelsTest extends KernelCases {
  @Override
  OpenClDevice open() {
    return TestDevices.open("OpenCL0", s -> s.withPaths(Paths.FLOOR.onProcessor()));
  }

  @Override
  boolean large() {
    return true;
  }
}
