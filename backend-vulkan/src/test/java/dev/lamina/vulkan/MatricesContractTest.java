package dev.lamina.vulkan;

import dev.lamina.gguf.GgmlType;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** Cooperative matrices, where the device has them: Mesa's lavapipe has since 25.2. */
class MatricesContractTest extends ProductsContract {
  @Override
  VulkanOptions options() {
    return TestDevices.options().with(Feature.MATRICES);
  }

  @Override
  boolean isChosen(VulkanDevice device) {
    return device.matrices() != null;
  }

  @Override
  void lacking(VulkanDevice device) {
    String why = device.info().description() + " has no cooperative matrices that suit";
    Assertions.assertFalse(TestDevices.isRequired("vulkan-matrices"), why);
    Assumptions.abort(why);
  }

  @Override
  protected double matrixBound(GgmlType type) {
    return MatrixShape.isNarrow(type) ? 1e-6 : 1e-10;
  }
}
