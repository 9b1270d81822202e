package dev.lamina.vulkan;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.testing.BackendContract;
import dev.lamina.gguf.GgmlType;
import java.util.Set;
import org.junit.jupiter.api.extension.ExtendWith;

/** The part of the contract that is about matrix products, for kernels chosen by the options. */
@ExtendWith(TestDevices.Validation.class)
@Only({"matrixShapes", "matrixScales", "matrixNotNumbers", "expertProducts", "experts"})
abstract class ProductsContract extends BackendContract {
  /** The options that choose the kernels. */
  abstract VulkanOptions options();

  /** Whether the device uses those kernels. */
  abstract boolean isChosen(VulkanDevice device);

  /** What to do where it does not. */
  abstract void lacking(VulkanDevice device);

  @Override
  protected final Device open() {
    VulkanDevice device = (VulkanDevice) TestDevices.open(options());
    if (!isChosen(device)) {
      try (device) {
        lacking(device);
      }
    }
    return device;
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
