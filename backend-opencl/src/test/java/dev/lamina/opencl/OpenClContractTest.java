package dev.lamina.opencl;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.testing.BackendContract;
import dev.lamina.gguf.GgmlType;
import java.util.Set;

/** The contract on the first OpenCL device, with every type. */
class OpenClContractTest extends BackendContract {
  @Override
  protected Device open() {
    return TestDevices.open();
  }

  @Override
  protected Capabilities capabilities() {
    return OpenClCapabilities.INSTANCE;
  }

  @Override
  protected Set<GgmlType> matrixTypes() {
    return allWeightTypes();
  }
}
