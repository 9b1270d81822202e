package dev.lamina.vulkan;

import static org.lwjgl.vulkan.KHRCooperativeMatrix.VK_COMPONENT_TYPE_FLOAT16_KHR;
import static org.lwjgl.vulkan.KHRCooperativeMatrix.VK_COMPONENT_TYPE_FLOAT32_KHR;
import static org.lwjgl.vulkan.KHRCooperativeMatrix.VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME;
import static org.lwjgl.vulkan.KHRCooperativeMatrix.VK_SCOPE_SUBGROUP_KHR;
import static org.lwjgl.vulkan.KHRCooperativeMatrix.vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR;
import static org.lwjgl.vulkan.KHRShaderIntegerDotProduct.VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME;
import static org.lwjgl.vulkan.VK10.VK_MAKE_API_VERSION;
import static org.lwjgl.vulkan.VK10.VK_SHADER_STAGE_COMPUTE_BIT;
import static org.lwjgl.vulkan.VK11.vkGetPhysicalDeviceFeatures2;
import static org.lwjgl.vulkan.VK11.vkGetPhysicalDeviceProperties2;

import java.nio.IntBuffer;
import java.util.Set;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkCooperativeMatrixPropertiesKHR;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.lwjgl.vulkan.VkPhysicalDeviceCooperativeMatrixFeaturesKHR;
import org.lwjgl.vulkan.VkPhysicalDeviceCooperativeMatrixPropertiesKHR;
import org.lwjgl.vulkan.VkPhysicalDeviceFeatures2;
import org.lwjgl.vulkan.VkPhysicalDeviceProperties2;
import org.lwjgl.vulkan.VkPhysicalDeviceShaderIntegerDotProductFeatures;
import org.lwjgl.vulkan.VkPhysicalDeviceShaderIntegerDotProductProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan12Features;

/**
 * What a device has for matrix products beside float32 arithmetic.
 *
 * @param integers whether it multiplies four signed bytes at once
 * @param fastIntegers whether it has instructions for that
 * @param halves whether it has float16 numbers
 * @param matrices the small matrices that its subgroups multiply; null for none that suit
 */
record Products(boolean integers, boolean fastIntegers, boolean halves, MatrixSize matrices) {
  static final Products NONE = new Products(false, false, false, null);

  /**
   * A product of matrices of float16 numbers, summed in float32.
   *
   * @param m rows
   * @param n vectors
   * @param k columns
   */
  record MatrixSize(int m, int n, int k) {
    /**
     * Whether tiles of 32 columns, and parts of them of so many rows and vectors, are whole
     * matrices.
     */
    boolean divides(int rows, int vectors) {
      return rows % m == 0 && vectors % n == 0 && 32 % k == 0;
    }

    @Override
    public String toString() {
      return m + "x" + n + "x" + k;
    }
  }

  /** Asks a device of Vulkan 1.2 or newer. */
  static Products read(VkPhysicalDevice physical, int version, Set<String> extensions) {
    boolean dots =
        version >= VK_MAKE_API_VERSION(0, 1, 3, 0)
            || extensions.contains(VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME);
    boolean matrices = extensions.contains(VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME);
    try (MemoryStack stack = MemoryStack.stackPush()) {
      VkPhysicalDeviceVulkan12Features twelve =
          VkPhysicalDeviceVulkan12Features.calloc(stack).sType$Default();
      VkPhysicalDeviceShaderIntegerDotProductFeatures dotFeatures =
          VkPhysicalDeviceShaderIntegerDotProductFeatures.calloc(stack).sType$Default();
      VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrixFeatures =
          VkPhysicalDeviceCooperativeMatrixFeaturesKHR.calloc(stack).sType$Default();
      VkPhysicalDeviceFeatures2 features =
          VkPhysicalDeviceFeatures2.calloc(stack).sType$Default().pNext(twelve);
      VkPhysicalDeviceShaderIntegerDotProductProperties dotProperties =
          VkPhysicalDeviceShaderIntegerDotProductProperties.calloc(stack).sType$Default();
      VkPhysicalDeviceCooperativeMatrixPropertiesKHR matrixProperties =
          VkPhysicalDeviceCooperativeMatrixPropertiesKHR.calloc(stack).sType$Default();
      VkPhysicalDeviceProperties2 properties =
          VkPhysicalDeviceProperties2.calloc(stack).sType$Default();
      if (dots) {
        features.pNext(dotFeatures);
        properties.pNext(dotProperties);
      }
      if (matrices) {
        features.pNext(matrixFeatures);
        properties.pNext(matrixProperties);
      }
      vkGetPhysicalDeviceFeatures2(physical, features);
      vkGetPhysicalDeviceProperties2(physical, properties);
      boolean useful =
          matrixFeatures.cooperativeMatrix()
              && twelve.shaderFloat16()
              && twelve.vulkanMemoryModel()
              && twelve.vulkanMemoryModelDeviceScope()
              && (matrixProperties.cooperativeMatrixSupportedStages() & VK_SHADER_STAGE_COMPUTE_BIT)
                  != 0;
      return new Products(
          dotFeatures.shaderIntegerDotProduct(),
          dotProperties.integerDotProduct4x8BitPackedSignedAccelerated(),
          twelve.shaderFloat16(),
          useful ? matrixSize(stack, physical) : null);
    }
  }

  /** The largest that the device has; the first of equal ones. */
  private static MatrixSize matrixSize(MemoryStack stack, VkPhysicalDevice physical) {
    IntBuffer count = stack.ints(0);
    Results.check(
        vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR(physical, count, null),
        "listing a device's cooperative matrices");
    VkCooperativeMatrixPropertiesKHR.Buffer all =
        VkCooperativeMatrixPropertiesKHR.calloc(count.get(0), stack);
    all.forEach(one -> one.sType$Default());
    Results.check(
        vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR(physical, count, all),
        "listing a device's cooperative matrices");
    MatrixSize best = null;
    for (int i = 0; i < count.get(0); i++) {
      VkCooperativeMatrixPropertiesKHR one = all.get(i);
      MatrixSize size = new MatrixSize(one.MSize(), one.NSize(), one.KSize());
      if (one.AType() == VK_COMPONENT_TYPE_FLOAT16_KHR
          && one.BType() == VK_COMPONENT_TYPE_FLOAT16_KHR
          && one.CType() == VK_COMPONENT_TYPE_FLOAT32_KHR
          && one.ResultType() == VK_COMPONENT_TYPE_FLOAT32_KHR
          && one.scope() == VK_SCOPE_SUBGROUP_KHR
          && size.divides(MatrixShape.LEAST_PART, MatrixShape.LEAST_PART)
          && (best == null || size.m * size.n * size.k > best.m * best.n * best.k)) {
        best = size;
      }
    }
    return best;
  }
}
