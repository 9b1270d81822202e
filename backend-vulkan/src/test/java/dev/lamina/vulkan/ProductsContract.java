package dev.lamina.vulkan;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.testing.BackendContract;
import dev.lamina.gguf.GgmlType;
import java.util.Set;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The part of the contract that is about matrix products, for kernels chosen by the options. */
@ExtendWith({TestDevices.Validation.class, ProductsContract.OnlyProducts.class})
abstract class ProductsContract extends BackendContract {
  private static final Set<String> PRODUCTS =
      Set.of("matrixShapes", "matrixScales", "matrixNotNumbers", "expertProducts", "experts");

  /** Leaves out what no product is in: {@link VulkanContractTest} has run it. */
  static final class OnlyProducts implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      return context
          .getTestMethod()
          .filter(method -> !PRODUCTS.contains(method.getName()))
          .map(method -> ConditionEvaluationResult.disabled("has no matrix product"))
          .orElse(ConditionEvaluationResult.enabled("has matrix products"));
    }
  }

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
