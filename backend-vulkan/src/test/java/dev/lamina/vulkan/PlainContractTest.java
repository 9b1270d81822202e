package dev.lamina.vulkan;

import static org.junit.jupiter.api.Assertions.fail;

/** Kernels that need nothing that a device of Vulkan 1.2 may lack. */
class PlainContractTest extends ProductsContract {
  @Override
  VulkanOptions options() {
    return TestDevices.options().plain();
  }

  @Override
  boolean isChosen(VulkanDevice device) {
    return device.abilities().subgroup() == 0
        && !device.abilities().integers()
        && device.abilities().matrices() == null;
  }

  @Override
  void lacking(VulkanDevice device) {
    fail("the options were not kept");
  }
}
