package dev.lamina.cuda;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.testing.BackendContract;
import dev.lamina.gguf.GgmlType;
import dev.lamina.shaders.IntegerFormat;
import java.util.Set;

/**
 * The ROCm backend on the stand-in runtime, with waves of 64 lanes: everything that a device must
 * do.
 */
final class HipContractTest extends BackendContract {
  @Override
  protected Device open() {
    return StandInCards.hip(0);
  }

  @Override
  protected Capabilities capabilities() {
    return CardCapabilities.INSTANCE;
  }

  @Override
  protected Set<GgmlType> matrixTypes() {
    return allWeightTypes();
  }

  @Override
  protected double matrixBound(GgmlType type) {
    return IntegerFormat.of(type) == null ? 1e-10 : 2e-4;
  }
}
