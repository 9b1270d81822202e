package dev.lamina.vulkan;

import static org.lwjgl.vulkan.EXTMemoryBudget.VK_EXT_MEMORY_BUDGET_EXTENSION_NAME;
import static org.lwjgl.vulkan.VK10.*;
import static org.lwjgl.vulkan.VK11.VK_SUBGROUP_FEATURE_ARITHMETIC_BIT;
import static org.lwjgl.vulkan.VK11.vkGetPhysicalDeviceMemoryProperties2;

import dev.lamina.backend.DeviceInfo;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.Set;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryBudgetPropertiesEXT;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryProperties2;
import org.lwjgl.vulkan.VkPhysicalDevicePCIBusInfoPropertiesEXT;
import org.lwjgl.vulkan.VkPhysicalDeviceProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceSubgroupProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceSubgroupSizeControlProperties;
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
      Answers answers = Answers.of(stack, physical, version);
      long maxAllocation = unsigned(answers.allocations().maxMemoryAllocationSize());
      if (version >= Answers.VERSION_1_3) {
        maxAllocation = Math.min(maxAllocation, unsigned(answers.buffers().maxBufferSize()));
      }
      boolean intel = basic.vendorID() == INTEL;
      int family = queueFamily(stack, physical);
      String missing =
          new Requirements(
                  name,
                  version,
                  answers.twelve().bufferDeviceAddress(),
                  answers.twelve().timelineSemaphore(),
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
                  answers.driver().driverNameString(),
                  answers.driver().driverInfoString().strip(),
                  Requirements.dots(version)),
          answers.hasBus() ? address(answers.bus()) : "",
          identity,
          intel,
          family,
          subgroup(answers, intel),
          basic.limits().maxComputeSharedMemorySize(),
          maxAllocation,
          Products.of(stack, physical, answers),
          answers.extensions().contains(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME),
          answers.extensions(),
          version,
          missing);
    }
  }

  /** Invocations of the subgroups that kernels can demand; 0 for none that suit. */
  private static int subgroup(Answers answers, boolean intel) {
    VkPhysicalDeviceSubgroupProperties subgroups = answers.subgroups();
    VkPhysicalDeviceSubgroupSizeControlProperties sizes = answers.sizes();
    if (!answers.sizeControl().subgroupSizeControl()
        || !answers.sizeControl().computeFullSubgroups()
        || (subgroups.supportedStages() & VK_SHADER_STAGE_COMPUTE_BIT) == 0
        || (subgroups.supportedOperations() & VK_SUBGROUP_FEATURE_ARITHMETIC_BIT) == 0
        || (sizes.requiredSubgroupSizeStages() & VK_SHADER_STAGE_COMPUTE_BIT) == 0) {
      return 0;
    }
    // Intel's units are 8 or 16 wide; its 32 are two halves with fewer registers each.
    int size = Math.clamp(intel ? 16 : 32, sizes.minSubgroupSize(), sizes.maxSubgroupSize());
    boolean suits =
        size >= 4 && size <= 64 && INVOCATIONS / size <= sizes.maxComputeWorkgroupSubgroups();
    return suits ? size : 0;
  }

  private static String address(VkPhysicalDevicePCIBusInfoPropertiesEXT bus) {
    return "%04x:%02x:%02x.%x"
        .formatted(bus.pciDomain(), bus.pciBus(), bus.pciDevice(), bus.pciFunction());
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
}
