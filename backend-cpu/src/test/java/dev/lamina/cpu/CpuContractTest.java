package dev.lamina.cpu;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.CpuMath;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.testing.BackendContract;
import dev.lamina.gguf.GgmlType;
import java.util.Set;

/** The CPU device keeps the contract with every type, and with the Vector API alone. */
class CpuContractTest extends BackendContract {
  @Override
  protected Device open() {
    return new CpuDevice(new DeviceOptions(2, false, CpuMath.F32), Start.SIMD);
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
