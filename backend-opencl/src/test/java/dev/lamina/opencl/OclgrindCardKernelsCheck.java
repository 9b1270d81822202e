package dev.lamina.opencl;

/** As {@link OclgrindCheck}, with the kernels that cards run. */
class OclgrindCardKernelsCheck extends OclgrindCheck {
  @Override
  OpenClDevice open() {
    OpenClDevice device = super.open();
    return device.again("OpenCL0", device.settings().withPaths(Paths.FLOOR.onProcessor()));
  }
}
