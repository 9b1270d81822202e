package dev.lamina.vulkan;

import static org.lwjgl.vulkan.EXTMemoryBudget.VK_EXT_MEMORY_BUDGET_EXTENSION_NAME;
import static org.lwjgl.vulkan.EXTPciBusInfo.VK_EXT_PCI_BUS_INFO_EXTENSION_NAME;
import static org.lwjgl.vulkan.EXTSubgroupSizeControl.VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME;
import static org.lwjgl.vulkan.VK10.*;
import static org.lwjgl.vulkan.VK11.VK_SUBGROUP_FEATURE_ARITHMETIC_BIT;
import static org.lwjgl.vulkan.VK11.vkGetPhysicalDeviceFeatures2;
import static org.lwjgl.vulkan.VK11.vkGetPhysicalDeviceMemoryProperties2;
import static org.lwjgl.vulkan.VK11.vkGetPhysicalDeviceProperties2;

import dev.lamina.backend.DeviceInfo;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkExtensionProperties;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.lwjgl.vulkan.VkPhysicalDeviceFeatures2;
import org.lwjgl.vulkan.VkPhysicalDeviceMaintenance3Properties;
import org.lwjgl.vulkan.VkPhysicalDeviceMaintenance4Properties;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryBudgetPropertiesEXT;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryProperties2;
import org.lwjgl.vulkan.VkPhysicalDevicePCIBusInfoPropertiesEXT;
import org.lwjgl.vulkan.VkPhysicalDeviceProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceProperties2;
import org.lwjgl.vulkan.VkPhysicalDeviceSubgroupProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceSubgroupSizeControlFeatures;
import org.lwjgl.vulkan.VkPhysicalDeviceSubgroupSizeControlProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan12Features;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan12Properties;
import org.lwjgl.vulkan.VkQueueFamilyProperties;

/**
 * What a physical device is and can do, read once.
 *
 * @param name the hardware's name
 * @param kind what sort of device it is
 * @param driver the driver with its version, and the version of Vulkan
 * @param hardware its PCI address, or empty
 * @param identity what a pipeline cache depends on
 * @param intel whether it is one of Intel's
 * @param queueFamily the queue family for compute work
 * @param subgroup invocations that do arithmetic together; 0 where they cannot, or where their
 *     number cannot be relied on
 * @param sharedMemory bytes of memory that a workgroup shares
 * @param maxAllocation bytes of the largest allocation and buffer
 * @param products what it has for matrix products
 * @param budget whether the driver tells how much memory is free
 * @param missing why the device cannot be used, or null
 */
record DeviceFacts(
    VkPhysicalDevice physical,
    String name,
    DeviceInfo.Kind kind,
    String driver,
    String hardware,
    String identity,
    boolean intel,
    int queueFamily,
    int subgroup,
    int sharedMemory,
    long maxAllocation,
    Products products,
    boolean budget,
    Set<String> extensions,
    int apiVersion,
    String missing) {
  private static final int INTEL = 0x8086;

  /** The kernels' workgroups. */
  static final int INVOCATIONS = 128;

  static DeviceFacts read(VkPhysicalDevice physical) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      VkPhysicalDeviceProperties basic = VkPhysicalDeviceProperties.calloc(stack);
      vkGetPhysicalDeviceProperties(physical, basic);
      int version = basic.apiVersion();
      String name = basic.deviceNameString();
      DeviceInfo.Kind kind = kind(basic.deviceType());
      String tooOld = Requirements.ofVersion(name, version).missing();
      if (tooOld != null) {
        return new DeviceFacts(
            physical,
            name,
            kind,
            "",
            "",
            "",
            false,
            -1,
            0,
            0,
            0,
            Products.NONE,
            false,
            Set.of(),
            version,
            tooOld);
      }
      Set<String> extensions = extensions(physical);
      boolean sizeControl =
          version >= VK_MAKE_API_VERSION(0, 1, 3, 0)
              || extensions.contains(VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME);

      VkPhysicalDeviceVulkan12Features twelve =
          VkPhysicalDeviceVulkan12Features.calloc(stack).sType$Default();
      VkPhysicalDeviceSubgroupSizeControlFeatures control =
          VkPhysicalDeviceSubgroupSizeControlFeatures.calloc(stack).sType$Default();
      VkPhysicalDeviceFeatures2 features =
          VkPhysicalDeviceFeatures2.calloc(stack).sType$Default().pNext(twelve);
      if (sizeControl) {
        features.pNext(control);
      }
      vkGetPhysicalDeviceFeatures2(physical, features);

      VkPhysicalDeviceVulkan12Properties driver =
          VkPhysicalDeviceVulkan12Properties.calloc(stack).sType$Default();
      VkPhysicalDeviceMaintenance3Properties sizes =
          VkPhysicalDeviceMaintenance3Properties.calloc(stack).sType$Default();
      VkPhysicalDeviceMaintenance4Properties buffers =
          VkPhysicalDeviceMaintenance4Properties.calloc(stack).sType$Default();
      VkPhysicalDeviceSubgroupProperties subgroups =
          VkPhysicalDeviceSubgroupProperties.calloc(stack).sType$Default();
      VkPhysicalDeviceSubgroupSizeControlProperties range =
          VkPhysicalDeviceSubgroupSizeControlProperties.calloc(stack).sType$Default();
      VkPhysicalDevicePCIBusInfoPropertiesEXT bus =
          VkPhysicalDevicePCIBusInfoPropertiesEXT.calloc(stack).sType$Default();
      VkPhysicalDeviceProperties2 properties =
          VkPhysicalDeviceProperties2.calloc(stack)
              .sType$Default()
              .pNext(driver)
              .pNext(sizes)
              .pNext(subgroups);
      boolean hasBus = extensions.contains(VK_EXT_PCI_BUS_INFO_EXTENSION_NAME);
      if (hasBus) {
        properties.pNext(bus);
      }
      if (sizeControl) {
        properties.pNext(range);
      }
      long maxAllocation = Long.MAX_VALUE;
      if (version >= VK_MAKE_API_VERSION(0, 1, 3, 0)) {
        properties.pNext(buffers);
      }
      vkGetPhysicalDeviceProperties2(physical, properties);
      if (version >= VK_MAKE_API_VERSION(0, 1, 3, 0)) {
        maxAllocation = unsigned(buffers.maxBufferSize());
      }
      maxAllocation = Math.min(maxAllocation, unsigned(sizes.maxMemoryAllocationSize()));

      int subgroup = 0;
      if (sizeControl
          && control.subgroupSizeControl()
          && control.computeFullSubgroups()
          && (subgroups.supportedStages() & VK_SHADER_STAGE_COMPUTE_BIT) != 0
          && (subgroups.supportedOperations() & VK_SUBGROUP_FEATURE_ARITHMETIC_BIT) != 0
          && (range.requiredSubgroupSizeStages() & VK_SHADER_STAGE_COMPUTE_BIT) != 0) {
        // Intel's units are 8 or 16 wide; its 32 are two halves with fewer registers each.
        int wanted = basic.vendorID() == INTEL ? 16 : 32;
        subgroup = Math.clamp(wanted, range.minSubgroupSize(), range.maxSubgroupSize());
        if (subgroup < 4
            || subgroup > 64
            || INVOCATIONS / subgroup > range.maxComputeWorkgroupSubgroups()) {
          subgroup = 0;
        }
      }
      int shared = basic.limits().maxComputeSharedMemorySize();
      int family = queueFamily(stack, physical);
      String missing =
          new Requirements(
                  name,
                  version,
                  twelve.bufferDeviceAddress(),
                  twelve.timelineSemaphore(),
                  family,
                  basic.limits().maxComputeWorkGroupInvocations())
              .missing();
      String identity =
          "%08x-%08x-%08x-%s"
              .formatted(
                  basic.vendorID(),
                  basic.deviceID(),
                  basic.driverVersion(),
                  hex(basic.pipelineCacheUUID()));
      return new DeviceFacts(
          physical,
          name,
          kind,
          "%s %s, Vulkan %s"
              .formatted(
                  driver.driverNameString(),
                  driver.driverInfoString().strip(),
                  Requirements.dots(version)),
          hasBus
              ? "%04x:%02x:%02x.%x"
                  .formatted(bus.pciDomain(), bus.pciBus(), bus.pciDevice(), bus.pciFunction())
              : "",
          identity,
          basic.vendorID() == INTEL,
          family,
          subgroup,
          shared,
          maxAllocation,
          Products.read(physical, version, extensions),
          extensions.contains(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME),
          extensions,
          version,
          missing);
    }
  }

  private static DeviceInfo.Kind kind(int type) {
    return switch (type) {
      case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU -> DeviceInfo.Kind.DISCRETE_GPU;
      case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU, VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU ->
          DeviceInfo.Kind.INTEGRATED_GPU;
      default -> DeviceInfo.Kind.SOFTWARE_GPU;
    };
  }

  private static String hex(ByteBuffer bytes) {
    StringBuilder hex = new StringBuilder();
    while (bytes.hasRemaining()) {
      hex.append("%02x".formatted(bytes.get()));
    }
    return hex.toString();
  }

  private static long unsigned(long size) {
    return size < 0 ? Long.MAX_VALUE : size;
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

  /** A family for compute work alone if there is one, as it does not compete with the desktop. */
  private static int queueFamily(MemoryStack stack, VkPhysicalDevice physical) {
    IntBuffer count = stack.mallocInt(1);
    vkGetPhysicalDeviceQueueFamilyProperties(physical, count, null);
    VkQueueFamilyProperties.Buffer families = VkQueueFamilyProperties.malloc(count.get(0), stack);
    vkGetPhysicalDeviceQueueFamilyProperties(physical, count, families);
    int any = -1;
    for (int i = 0; i < families.remaining(); i++) {
      int flags = families.get(i).queueFlags();
      if ((flags & VK_QUEUE_COMPUTE_BIT) != 0) {
        if ((flags & VK_QUEUE_GRAPHICS_BIT) == 0) {
          return i;
        }
        any = any < 0 ? i : any;
      }
    }
    return any;
  }

  /** Bytes of memory in all, and free now. */
  record Room(long total, long free) {}

  /**
   * The memory of the heaps that are the device's own.
   *
   * @param used bytes that this process has taken of them, as far as it knows itself
   */
  Room room(long used) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      VkPhysicalDeviceMemoryBudgetPropertiesEXT budgets =
          VkPhysicalDeviceMemoryBudgetPropertiesEXT.calloc(stack).sType$Default();
      VkPhysicalDeviceMemoryProperties2 properties =
          VkPhysicalDeviceMemoryProperties2.calloc(stack).sType$Default();
      if (budget) {
        properties.pNext(budgets);
      }
      vkGetPhysicalDeviceMemoryProperties2(physical, properties);
      VkPhysicalDeviceMemoryProperties memory = properties.memoryProperties();
      long total = 0;
      long free = 0;
      for (int heap = 0; heap < memory.memoryHeapCount(); heap++) {
        if ((memory.memoryHeaps(heap).flags() & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0) {
          long size = memory.memoryHeaps(heap).size();
          total += size;
          if (budget) {
            free += Math.clamp(budgets.heapBudget(heap) - budgets.heapUsage(heap), 0, size);
          } else {
            free += size;
          }
        }
      }
      if (!budget) {
        free = Math.max(0, free - used);
      }
      if (kind != DeviceInfo.Kind.DISCRETE_GPU
          && ManagementFactory.getOperatingSystemMXBean()
              instanceof com.sun.management.OperatingSystemMXBean system) {
        // Its memory is the host's, of which the driver may know less than the system.
        free = Math.min(free, system.getFreeMemorySize());
      }
      return new Room(total, Math.min(free, total));
    }
  }

  /** Invocations whose sums kernels take together; 0 where they must go through memory. */
  int subgroup(VulkanOptions options) {
    return options.without().contains(Feature.SUBGROUPS) ? 0 : subgroup;
  }

  /** Whether kernels multiply bytes. */
  boolean integers(VulkanOptions options) {
    boolean wanted = products.fastIntegers() || options.with().contains(Feature.INTEGERS);
    return products.integers()
        && subgroup(options) > 0
        && wanted
        && !options.without().contains(Feature.INTEGERS);
  }

  /** Whether tiles hold float16 numbers. */
  boolean halves(VulkanOptions options) {
    // Software converts each number that it reads.
    boolean wanted =
        kind != DeviceInfo.Kind.SOFTWARE_GPU || options.with().contains(Feature.HALVES);
    return products.halves() && wanted && !options.without().contains(Feature.HALVES);
  }

  /** The small matrices that kernels multiply; null for none. */
  Products.MatrixSize matrices(VulkanOptions options) {
    // Older cards of Intel's want subgroups of 8, and software has no hardware for it.
    boolean fast = kind != DeviceInfo.Kind.SOFTWARE_GPU && !intel;
    boolean wanted = fast || options.with().contains(Feature.MATRICES);
    return subgroup(options) > 0
            && wanted
            && MatrixShape.sharedForMatrices(subgroup(options), products.matrices())
                <= sharedMemory(options)
            && !options.without().contains(Feature.MATRICES)
        ? products.matrices()
        : null;
  }

  /** Bytes that a workgroup may share. */
  int sharedMemory(VulkanOptions options) {
    return options.reduced() ? 16384 : sharedMemory;
  }

  /** What is worth a line for the user. */
  List<String> notes(VulkanOptions options) {
    List<String> notes = new ArrayList<>();
    int width = subgroup(options);
    notes.add(width == 0 ? "kernels without subgroup arithmetic" : "subgroups of " + width);
    if (integers(options)) {
      notes.add(
          matrices(options) == null
              ? "integer dot products"
              : "integer dot products for one to " + MatrixShape.MOST_VECTORS + " tokens");
    }
    if (matrices(options) != null) {
      notes.add("cooperative matrices of " + matrices(options) + " for more tokens");
    } else if (halves(options)) {
      notes.add("tiles of float16 for more than " + MatrixShape.MOST_VECTORS + " tokens");
    }
    if (kind == DeviceInfo.Kind.SOFTWARE_GPU) {
      notes.add("the CPU behind Vulkan: used only where --device names it");
    }
    return notes;
  }
}
