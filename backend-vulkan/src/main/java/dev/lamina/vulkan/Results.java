package dev.lamina.vulkan;

import static org.lwjgl.vulkan.VK10.VK_ERROR_DEVICE_LOST;
import static org.lwjgl.vulkan.VK10.VK_ERROR_EXTENSION_NOT_PRESENT;
import static org.lwjgl.vulkan.VK10.VK_ERROR_FEATURE_NOT_PRESENT;
import static org.lwjgl.vulkan.VK10.VK_ERROR_INCOMPATIBLE_DRIVER;
import static org.lwjgl.vulkan.VK10.VK_ERROR_INITIALIZATION_FAILED;
import static org.lwjgl.vulkan.VK10.VK_ERROR_LAYER_NOT_PRESENT;
import static org.lwjgl.vulkan.VK10.VK_ERROR_OUT_OF_DEVICE_MEMORY;
import static org.lwjgl.vulkan.VK10.VK_ERROR_OUT_OF_HOST_MEMORY;
import static org.lwjgl.vulkan.VK10.VK_ERROR_TOO_MANY_OBJECTS;
import static org.lwjgl.vulkan.VK10.VK_SUCCESS;

import dev.lamina.backend.DeviceException;

/** What Vulkan's functions return, in words. */
final class Results {
  private Results() {}

  /** Throws where {@code result} is a failure of what {@code what} names. */
  static void check(int result, String what) {
    if (result < VK_SUCCESS) {
      throw failure(result, what);
    }
  }

  static DeviceException failure(int result, String what) {
    return new DeviceException(kind(result), what + " failed: " + describe(result));
  }

  private static DeviceException.Kind kind(int result) {
    return switch (result) {
      case VK_ERROR_OUT_OF_DEVICE_MEMORY, VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_TOO_MANY_OBJECTS ->
          DeviceException.Kind.OUT_OF_MEMORY;
      case VK_ERROR_DEVICE_LOST -> DeviceException.Kind.LOST;
      default -> DeviceException.Kind.OTHER;
    };
  }

  static String describe(int result) {
    return switch (result) {
      case VK_ERROR_OUT_OF_DEVICE_MEMORY -> "the device has no memory left";
      case VK_ERROR_OUT_OF_HOST_MEMORY -> "the host has no memory left";
      case VK_ERROR_TOO_MANY_OBJECTS -> "the driver's limit of allocations is reached";
      case VK_ERROR_DEVICE_LOST ->
          "the device was lost (the driver reset it, or it was removed; the system's log may say"
              + " why)";
      case VK_ERROR_INITIALIZATION_FAILED -> "the driver could not initialise";
      case VK_ERROR_LAYER_NOT_PRESENT -> "a Vulkan layer is missing";
      case VK_ERROR_EXTENSION_NOT_PRESENT -> "a Vulkan extension is missing";
      case VK_ERROR_FEATURE_NOT_PRESENT -> "a feature is missing";
      case VK_ERROR_INCOMPATIBLE_DRIVER -> "no Vulkan driver is installed, or none that loads";
      default -> "Vulkan says " + result;
    };
  }
}
