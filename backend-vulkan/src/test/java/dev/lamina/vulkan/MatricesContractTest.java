package dev.lamina.vulkan;

import dev.lamina.gguf.GgmlType;
import dev.lamina.testing.Requirement;

/** Cooperative matrices, where the device has them: Mesa's lavapipe 26.1 has, 25.0 has not. */
class MatricesContractTest extends ProductsContract {
  @Override
  VulkanOptions options() {
    return TestDevices.options().with(Feature.MATRICES);
  }

  @Override
  boolean isChosen(VulkanDevice device) {
    return device.abilities().matrices() != null;
  }

  @Override
  void lacking(VulkanDevice device) {
    String why = device.info().description() + " has no cooperative matrices that suit";
    Requirement.missing("vulkan-matrices", why);
  }

  @Override
  protected double matrixBound(GgmlType type) {
    return MatrixShape.isNarrow(type) ? 1e-6 : 1e-10;
  }
}
