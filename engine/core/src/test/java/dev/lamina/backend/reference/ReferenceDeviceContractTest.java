package dev.lamina.backend.reference;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.testing.BackendContract;
import dev.lamina.gguf.GgmlType;
import java.util.Set;

/** The reference device against itself: the same answers each time, and a device like any other. */
class ReferenceDeviceContractTest extends BackendContract {
  @Override
  protected Device open() {
    return ReferenceDevice.create();
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
