package dev.lamina.vulkan;

import dev.lamina.gguf.GgmlType;
import dev.lamina.testing.Requirement;

/** Vectors rounded to bytes, multiplied four at once. */
class IntegerContractTest extends ProductsContract {
  @Override
  VulkanOptions options() {
    return TestDevices.options().with(Feature.INTEGERS);
  }

  @Override
  boolean isChosen(VulkanDevice device) {
    return device.abilities().integers();
  }

  @Override
  void lacking(VulkanDevice device) {
    String why = device.info().description() + " has no integer dot products";
    Requirement.missing("vulkan", why);
  }

  @Override
  protected double matrixBound(GgmlType type) {
    return MatrixShape.isInteger(type) ? 2e-4 : 1e-10;
  }
}
