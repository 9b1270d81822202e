package dev.lamina.vulkan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lamina.backend.Device;
import org.junit.jupiter.api.BeforeAll;

/**
 * What of the contract has few kernels to compile, for the validation layers' GPU-assisted checks
 * of every access to memory: with these, kernels grow, and those of many vectors take minutes each.
 * Run by {@code -Pvulkan-assisted -Dtest=AssistedCheck}, and not with the other tests.
 */
@Only({"devices", "embeddings", "vectors", "matrixScales", "pages"})
class AssistedCheck extends VulkanContractTest {
  @BeforeAll
  static void layersAreOn() {
    assertEquals("assisted", System.getProperty("lamina.vulkan.validation"));
  }

  @Override
  protected Device open() {
    return TestDevices.open(TestDevices.options().with(Feature.INTEGERS));
  }

  @Override
  protected double matrixBound(dev.lamina.gguf.GgmlType type) {
    return MatrixShape.isInteger(type) ? 2e-4 : 1e-10;
  }
}
