package dev.lamina.vulkan;

import static org.lwjgl.vulkan.EXTPciBusInfo.VK_EXT_PCI_BUS_INFO_EXTENSION_NAME;
import static org.lwjgl.vulkan.EXTSubgroupSizeControl.VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME;
import static org.lwjgl.vulkan.KHRCooperativeMatrix.VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME;
import static org.lwjgl.vulkan.KHRShaderIntegerDotProduct.VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME;
import static org.lwjgl.vulkan.VK10.VK_MAKE_API_VERSION;
import static org.lwjgl.vulkan.VK10.vkEnumerateDeviceExtensionProperties;
import static org.lwjgl.vulkan.VK11.vkGetPhysicalDeviceFeatures2;
import static org.lwjgl.vulkan.VK11.vkGetPhysicalDeviceProperties2;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkExtensionProperties;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.lwjgl.vulkan.VkPhysicalDeviceCooperativeMatrixFeaturesKHR;
import org.lwjgl.vulkan.VkPhysicalDeviceCooperativeMatrixPropertiesKHR;
import org.lwjgl.vulkan.VkPhysicalDeviceFeatures2;
import org.lwjgl.vulkan.VkPhysicalDeviceMaintenance3Properties;
import org.lwjgl.vulkan.VkPhysicalDeviceMaintenance4Properties;
import org.lwjgl.vulkan.VkPhysicalDevicePCIBusInfoPropertiesEXT;
import org.lwjgl.vulkan.VkPhysicalDeviceProperties2;
import org.lwjgl.vulkan.VkPhysicalDeviceShaderIntegerDotProductFeatures;
import org.lwjgl.vulkan.VkPhysicalDeviceShaderIntegerDotProductProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceSubgroupProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceSubgroupSizeControlFeatures;
import org.lwjgl.vulkan.VkPhysicalDeviceSubgroupSizeControlProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan12Features;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan12Properties;

/**
 * What the driver of a device of Vulkan 1.2 or newer answers, asked once for everything. What needs
 * an extension, or a newer version, is 0 where the device has neither.
 *
 * <p>The structures are the stack's, and good until its frame is popped.
 */
record Answers(
    Set<String> extensions,
    VkPhysicalDeviceVulkan12Features twelve,
    VkPhysicalDeviceSubgroupSizeControlFeatures sizeControl,
    VkPhysicalDeviceShaderIntegerDotProductFeatures dots,
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrices,
    VkPhysicalDeviceVulkan12Properties driver,
    VkPhysicalDeviceSubgroupProperties subgroups,
    VkPhysicalDeviceSubgroupSizeControlProperties sizes,
    VkPhysicalDeviceShaderIntegerDotProductProperties dotSpeeds,
    VkPhysicalDeviceCooperativeMatrixPropertiesKHR matrixStages,
    VkPhysicalDeviceMaintenance3Properties allocations,
    VkPhysicalDeviceMaintenance4Properties buffers,
    VkPhysicalDevicePCIBusInfoPropertiesEXT bus) {
  static final int VERSION_1_3 = VK_MAKE_API_VERSION(0, 1, 3, 0);

  static Answers of(MemoryStack stack, VkPhysicalDevice physical, int version) {
    Set<String> extensions = extensions(physical);
    Answers answers =
        new Answers(
            extensions,
            VkPhysicalDeviceVulkan12Features.calloc(stack).sType$Default(),
            VkPhysicalDeviceSubgroupSizeControlFeatures.calloc(stack).sType$Default(),
            VkPhysicalDeviceShaderIntegerDotProductFeatures.calloc(stack).sType$Default(),
            VkPhysicalDeviceCooperativeMatrixFeaturesKHR.calloc(stack).sType$Default(),
            VkPhysicalDeviceVulkan12Properties.calloc(stack).sType$Default(),
            VkPhysicalDeviceSubgroupProperties.calloc(stack).sType$Default(),
            VkPhysicalDeviceSubgroupSizeControlProperties.calloc(stack).sType$Default(),
            VkPhysicalDeviceShaderIntegerDotProductProperties.calloc(stack).sType$Default(),
            VkPhysicalDeviceCooperativeMatrixPropertiesKHR.calloc(stack).sType$Default(),
            VkPhysicalDeviceMaintenance3Properties.calloc(stack).sType$Default(),
            VkPhysicalDeviceMaintenance4Properties.calloc(stack).sType$Default(),
            VkPhysicalDevicePCIBusInfoPropertiesEXT.calloc(stack).sType$Default());
    answers.ask(stack, physical, version >= VERSION_1_3);
    return answers;
  }

  private void ask(MemoryStack stack, VkPhysicalDevice physical, boolean is13) {
    VkPhysicalDeviceFeatures2 features =
        VkPhysicalDeviceFeatures2.calloc(stack).sType$Default().pNext(twelve);
    VkPhysicalDeviceProperties2 properties =
        VkPhysicalDeviceProperties2.calloc(stack)
            .sType$Default()
            .pNext(driver)
            .pNext(subgroups)
            .pNext(allocations);
    if (is13) {
      properties.pNext(buffers);
    }
    if (is13 || extensions.contains(VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME)) {
      features.pNext(sizeControl);
      properties.pNext(sizes);
    }
    if (is13 || extensions.contains(VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME)) {
      features.pNext(dots);
      properties.pNext(dotSpeeds);
    }
    if (extensions.contains(VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME)) {
      features.pNext(matrices);
      properties.pNext(matrixStages);
    }
    if (hasBus()) {
      properties.pNext(bus);
    }
    vkGetPhysicalDeviceFeatures2(physical, features);
    vkGetPhysicalDeviceProperties2(physical, properties);
  }

  boolean hasBus() {
    return extensions.contains(VK_EXT_PCI_BUS_INFO_EXTENSION_NAME);
  }

  private static Set<String> extensions(VkPhysicalDevice physical) {
    int[] count = new int[1];
    Results.check(
        vkEnumerateDeviceExtensionProperties(physical, (ByteBuffer) null, count, null),
        "listing a device's extensions");
    try (VkExtensionProperties.Buffer all = VkExtensionProperties.malloc(count[0])) {
      Results.check(
          vkEnumerateDeviceExtensionProperties(physical, (ByteBuffer) null, count, all),
          "listing a device's extensions");
      Set<String> names = new HashSet<>();
      all.stream().limit(count[0]).forEach(e -> names.add(e.extensionNameString()));
      return names;
    }
  }
}
