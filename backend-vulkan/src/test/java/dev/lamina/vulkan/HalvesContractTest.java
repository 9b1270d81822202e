package dev.lamina.vulkan;

import dev.lamina.gguf.GgmlType;
import dev.lamina.testing.Requirement;

/** Tiles of float16 numbers. */
class HalvesContractTest extends ProductsContract {
  @Override
  VulkanOptions options() {
    return TestDevices.options().with(Feature.HALVES);
  }

  @Override
  boolean isChosen(VulkanDevice device) {
    return device.abilities().halves();
  }

  @Override
  void lacking(VulkanDevice device) {
    String why = device.info().description() + " has no float16 numbers";
    Requirement.missing("vulkan", why);
  }

  @Override
  protected double matrixBound(GgmlType type) {
    return MatrixShape.isNarrow(type) ? 1e-6 : 1e-10;
  }
}
