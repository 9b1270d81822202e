package dev.lamina.vulkan;

import static org.lwjgl.vulkan.KHRCooperativeMatrix.VK_COMPONENT_TYPE_FLOAT16_KHR;
import static org.lwjgl.vulkan.KHRCooperativeMatrix.VK_COMPONENT_TYPE_FLOAT32_KHR;
import static org.lwjgl.vulkan.KHRCooperativeMatrix.VK_SCOPE_SUBGROUP_KHR;
import static org.lwjgl.vulkan.KHRCooperativeMatrix.vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR;
import static org.lwjgl.vulkan.VK10.VK_SHADER_STAGE_COMPUTE_BIT;

import java.nio.IntBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkCooperativeMatrixPropertiesKHR;
import org.lwjgl.vulkan.VkPhysicalDevice;

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

  /** Of what the driver answers; asks it for its small matrices. */
  static Products of(MemoryStack stack, VkPhysicalDevice physical, Answers answers) {
    boolean useful =
        answers.matrices().cooperativeMatrix()
            && answers.twelve().shaderFloat16()
            && answers.twelve().vulkanMemoryModel()
            && answers.twelve().vulkanMemoryModelDeviceScope()
            && (answers.matrixStages().cooperativeMatrixSupportedStages()
                    & VK_SHADER_STAGE_COMPUTE_BIT)
                != 0;
    return new Products(
        answers.dots().shaderIntegerDotProduct(),
        answers.dotSpeeds().integerDotProduct4x8BitPackedSignedAccelerated(),
        answers.twelve().shaderFloat16(),
        useful ? matrixSize(stack, physical) : null);
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
