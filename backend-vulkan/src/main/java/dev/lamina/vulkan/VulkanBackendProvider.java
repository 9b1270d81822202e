package dev.lamina.vulkan;

import dev.lamina.GpuNodes;
import dev.lamina.LaminaException;
import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.lwjgl.vulkan.VkPhysicalDevice;

/** The Vulkan backend. Looks for the loader, its drivers and their devices only when asked to. */
public final class VulkanBackendProvider implements BackendProvider {
  private final VulkanOptions options;

  /** The backend as users have it. */
  public VulkanBackendProvider() {
    this(null);
  }

  /** {@code options}: null for what the system properties say. */
  VulkanBackendProvider(VulkanOptions options) {
    this.options = options;
  }

  @Override
  public String name() {
    return "vulkan";
  }

  @Override
  public Capabilities capabilities() {
    return VulkanCapabilities.INSTANCE;
  }

  @Override
  public Discovery discover(DeviceOptions wanted) {
    if (!wanted.software() && !GpuNodes.mayExist()) {
      return Discovery.none(
          "no GPU: there is no device file of one (/dev/dri/renderD*, /dev/nvidia*); the CPU behind"
              + " Vulkan is looked for only where --device names it");
    }
    try {
      VulkanOptions chosen = options == null ? VulkanOptions.ofProperties() : options;
      return search(
          switch (wanted.math()) {
            case F32 -> chosen.exact();
            case I8 -> chosen;
          });
    } catch (LaminaException e) {
      return Discovery.none(e.getMessage() + namedDrivers());
    } catch (UnsatisfiedLinkError e) {
      return Discovery.none(
          "the Vulkan loader was not found: install the graphics driver, or the system's package"
              + " of it (libvulkan1, vulkan-loader); "
              + firstLine(e));
    } catch (RuntimeException | LinkageError e) {
      return Discovery.none("Vulkan does not start: " + firstLine(e));
    }
  }

  /** Where the loader looks for drivers, if not where the system has them. */
  private static String namedDrivers() {
    for (String variable : List.of("VK_DRIVER_FILES", "VK_ICD_FILENAMES")) {
      String files = System.getenv(variable);
      if (files != null && !files.isBlank()) {
        return "; it is looked for in what %s names: %s".formatted(variable, files);
      }
    }
    return "";
  }

  private static String firstLine(Throwable e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.toString());
  }

  private static Discovery search(VulkanOptions options) {
    VulkanInstance instance = VulkanInstance.create(options);
    List<Device> devices = new ArrayList<>();
    List<String> reasons = new ArrayList<>();
    try {
      List<DeviceFacts> usable = new ArrayList<>();
      for (VkPhysicalDevice physical : instance.physicalDevices()) {
        try {
          DeviceFacts facts = DeviceFacts.read(physical);
          if (facts.missing() == null) {
            usable.add(facts);
          } else {
            reasons.add(facts.missing());
          }
        } catch (RuntimeException e) {
          reasons.add("a device was left out: " + firstLine(e));
        }
      }
      usable.sort(Comparator.comparing(DeviceFacts::kind));
      for (DeviceFacts facts : usable) {
        devices.add(new VulkanDevice("Vulkan" + devices.size(), facts, instance, options));
      }
    } finally {
      instance.release();
    }
    if (devices.isEmpty() && reasons.isEmpty()) {
      reasons.add("the Vulkan drivers of this machine know no device");
    } else if (!devices.isEmpty()
        && options.validation() == null
        && devices.stream().allMatch(d -> d.info().kind() == DeviceInfo.Kind.SOFTWARE_GPU)) {
      reasons.add("no GPU: only the CPU behind Vulkan was found");
    }
    return new Discovery(devices, reasons);
  }
}
