package dev.lamina.vulkan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lamina.backend.Device;
import dev.lamina.gguf.GgmlType;
import org.junit.jupiter.api.BeforeAll;

/**
 * Parts of the contract under the validation layers' GPU-assisted checks of every access to memory:
 * a part, because these make kernels grow, which takes seconds of each to compile for the CPU. Run
 * by {@code -Pvulkan-assisted -Dtest=Assisted*Check}, and not with the other tests.
 */
abstract class AssistedContract extends VulkanContractTest {
  @BeforeAll
  static void layersAreOn() {
    assertEquals("assisted", System.getProperty("lamina.vulkan.validation"));
  }

  VulkanOptions options() {
    return TestDevices.options();
  }

  @Override
  protected final Device open() {
    return TestDevices.open(options());
  }

  @Override
  protected double matrixBound(GgmlType type) {
    return MatrixShape.isInteger(type) ? 2e-4 : MatrixShape.isNarrow(type) ? 1e-6 : 1e-10;
  }
}
