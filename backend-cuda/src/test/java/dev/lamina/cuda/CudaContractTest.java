package dev.lamina.cuda;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.testing.BackendContract;
import dev.lamina.gguf.GgmlType;
import dev.lamina.shaders.IntegerFormat;
import java.util.EnumSet;
import java.util.Set;

/** The CUDA backend on the stand-in driver: everything that a device must do. */
class CudaContractTest extends BackendContract {
  private static final Set<GgmlType> TENSOR_PAGES =
      EnumSet.of(GgmlType.F16, GgmlType.Q8_0, GgmlType.Q4_0);

  @Override
  protected Device open() {
    return StandInCards.cuda(0);
  }

  @Override
  protected Capabilities capabilities() {
    return CardCapabilities.INSTANCE;
  }

  @Override
  protected Set<GgmlType> matrixTypes() {
    return allWeightTypes();
  }

  /** Matrix units round activations, and weights of float32, to 10 bits of mantissa. */
  @Override
  protected double matrixBound(GgmlType type) {
    return IntegerFormat.of(type) == null ? 1e-6 : 2e-4;
  }

  /**
   * Matrix units round queries and what pages have to float16, and large scores move by as much of
   * their size, which the softmax then makes a part of the result.
   */
  @Override
  protected double attentionBound(GgmlType typeK, GgmlType typeV) {
    boolean tensor = TENSOR_PAGES.contains(typeK) && TENSOR_PAGES.contains(typeV);
    return tensor ? 1e-5 : super.attentionBound(typeK, typeV);
  }
}
