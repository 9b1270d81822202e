package dev.lamina.opencl;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.testing.BackendContract;
import dev.lamina.gguf.GgmlType;
import dev.lamina.opencl.Paths.Integers;
import dev.lamina.shaders.IntegerFormat;
import java.util.Set;

/**
 * The contract with the products of integers that cards run which accelerate them. Here the sums of
 * four products are plain C.
 */
class IntegerContractTest extends BackendContract {
  @Override
  protected Device open() {
    return TestDevices.open(
        "OpenCL0", s -> s.withPaths(Paths.FLOOR.onProcessor().withIntegers(Integers.PLAIN)));
  }

  @Override
  protected Capabilities capabilities() {
    return OpenClCapabilities.INSTANCE;
  }

  @Override
  protected Set<GgmlType> matrixTypes() {
    return allWeightTypes();
  }

  @Override
  protected double matrixBound(GgmlType type) {
    return IntegerFormat.of(type) == null ? super.matrixBound(type) : 2e-4;
  }
}
