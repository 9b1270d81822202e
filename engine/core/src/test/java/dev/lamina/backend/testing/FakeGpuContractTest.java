package dev.lamina.backend.testing;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.reference.ReferenceDevice;
import dev.lamina.gguf.GgmlType;
import java.util.Set;

/** The made-up GPU keeps the contract, so that what is tested on it holds for real ones. */
class FakeGpuContractTest extends BackendContract {
  @Override
  protected Device open() {
    return FakeGpu.builder("Fake0").supports(ReferenceDevice.CAPABILITIES::supports).build();
  }

  @Override
  protected Capabilities capabilities() {
    return ReferenceDevice.CAPABILITIES;
  }

  @Override
  protected Set<GgmlType> matrixTypes() {
    return allWeightTypes();
  }
}
