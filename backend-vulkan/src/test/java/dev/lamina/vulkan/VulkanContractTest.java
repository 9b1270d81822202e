package dev.lamina.vulkan;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.testing.BackendContract;
import dev.lamina.gguf.GgmlType;
import java.util.Set;
import org.junit.jupiter.api.extension.ExtendWith;

/** The Vulkan backend keeps the contract, with all that the device has. */
@ExtendWith(TestDevices.Validation.class)
class VulkanContractTest extends BackendContract {
  @Override
  protected Device open() {
    return TestDevices.open(TestDevices.options());
  }

  @Override
  protected Capabilities capabilities() {
    return new VulkanBackendProvider().capabilities();
  }

  @Override
  protected Set<GgmlType> matrixTypes() {
    return TestDevices.TYPES;
  }
}
