package dev.lamina.vulkan;

import static org.lwjgl.vulkan.VK10.VK_API_VERSION_MAJOR;
import static org.lwjgl.vulkan.VK10.VK_API_VERSION_MINOR;
import static org.lwjgl.vulkan.VK10.VK_API_VERSION_PATCH;
import static org.lwjgl.vulkan.VK10.VK_MAKE_API_VERSION;

/**
 * What a device must have.
 *
 * @param name the device's name
 * @param version its version of Vulkan
 * @param addresses whether it has {@code bufferDeviceAddress}
 * @param timelines whether it has {@code timelineSemaphore}
 * @param queueFamily its queue family for compute work, or less than 0
 * @param invocations the most invocations of a workgroup
 */
record Requirements(
    String name,
    int version,
    boolean addresses,
    boolean timelines,
    int queueFamily,
    int invocations) {
  private static final int LEAST = VK_MAKE_API_VERSION(0, 1, 2, 0);

  /** A device of which no more than its version may be asked. */
  static Requirements ofVersion(String name, int version) {
    return new Requirements(name, version, true, true, 0, DeviceFacts.INVOCATIONS);
  }

  /** Why the device cannot be used, and what to do; null where it can. */
  String missing() {
    if (Integer.compareUnsigned(version, LEAST) < 0) {
      return "%s has Vulkan %s, and 1.2 is needed: update its driver"
          .formatted(name, dots(version));
    }
    if (!addresses) {
      return name + " lacks bufferDeviceAddress: update its driver";
    }
    if (!timelines) {
      return name + " lacks timelineSemaphore: update its driver";
    }
    if (queueFamily < 0) {
      return name + " has no queue for compute work";
    }
    if (Integer.compareUnsigned(invocations, DeviceFacts.INVOCATIONS) < 0) {
      return "%s has workgroups of %d invocations at most, and %d are needed"
          .formatted(name, invocations, DeviceFacts.INVOCATIONS);
    }
    return null;
  }

  /** A version as people write it. */
  static String dots(int version) {
    return VK_API_VERSION_MAJOR(version)
        + "."
        + VK_API_VERSION_MINOR(version)
        + "."
        + VK_API_VERSION_PATCH(version);
  }
}
