package dev.lamina.cpu;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.CpuMath;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.testing.BackendContract;
import dev.lamina.gguf.GgmlType;
import java.util.Set;

/** The contract, with all that has a plain form computed in that form. */
class PlainContractTest extends BackendContract {
  @Override
  protected Device open() {
    return new CpuDevice(new DeviceOptions(2, true, CpuMath.F32), Start.PLAIN);
  }

  @Override
  protected Capabilities capabilities() {
    return CpuCapabilities.INSTANCE;
  }

  @Override
  protected Set<GgmlType> matrixTypes() {
    return allWeightTypes();
  }
}
