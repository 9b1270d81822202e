package dev.lamina.vulkan;

import static org.lwjgl.vulkan.EXTDebugUtils.VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
import static org.lwjgl.vulkan.EXTDebugUtils.VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT;
import static org.lwjgl.vulkan.EXTDebugUtils.VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT;
import static org.lwjgl.vulkan.EXTDebugUtils.VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
import static org.lwjgl.vulkan.EXTDebugUtils.vkCreateDebugUtilsMessengerEXT;
import static org.lwjgl.vulkan.EXTDebugUtils.vkDestroyDebugUtilsMessengerEXT;
import static org.lwjgl.vulkan.EXTValidationFeatures.VK_VALIDATION_FEATURE_ENABLE_GPU_ASSISTED_EXT;
import static org.lwjgl.vulkan.EXTValidationFeatures.VK_VALIDATION_FEATURE_ENABLE_GPU_ASSISTED_RESERVE_BINDING_SLOT_EXT;
import static org.lwjgl.vulkan.EXTValidationFeatures.VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
import static org.lwjgl.vulkan.KHRPortabilityEnumeration.VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR;
import static org.lwjgl.vulkan.KHRPortabilityEnumeration.VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME;
import static org.lwjgl.vulkan.VK10.VK_FALSE;
import static org.lwjgl.vulkan.VK10.VK_MAKE_API_VERSION;
import static org.lwjgl.vulkan.VK10.vkCreateInstance;
import static org.lwjgl.vulkan.VK10.vkDestroyInstance;
import static org.lwjgl.vulkan.VK10.vkEnumerateInstanceExtensionProperties;
import static org.lwjgl.vulkan.VK10.vkEnumeratePhysicalDevices;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.Configuration;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VK;
import org.lwjgl.vulkan.VkApplicationInfo;
import org.lwjgl.vulkan.VkDebugUtilsMessengerCallbackDataEXT;
import org.lwjgl.vulkan.VkDebugUtilsMessengerCallbackEXT;
import org.lwjgl.vulkan.VkDebugUtilsMessengerCreateInfoEXT;
import org.lwjgl.vulkan.VkExtensionProperties;
import org.lwjgl.vulkan.VkInstance;
import org.lwjgl.vulkan.VkInstanceCreateInfo;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.lwjgl.vulkan.VkValidationFeaturesEXT;

/**
 * The Vulkan instance that the devices of one search share; destroyed when the last lets go of it.
 */
final class VulkanInstance {
  private static boolean loaded;

  private final VkInstance instance;
  private final VkDebugUtilsMessengerCallbackEXT callback;
  private final long messenger;
  private int users = 1;

  private VulkanInstance(
      VkInstance instance, VkDebugUtilsMessengerCallbackEXT callback, long messenger) {
    this.instance = instance;
    this.callback = callback;
    this.messenger = messenger;
  }

  /** Loads Vulkan's loader once; {@link UnsatisfiedLinkError} where it is missing. */
  private static synchronized void loadLibrary() {
    if (!loaded) {
      VK.create();
      loaded = true;
    }
  }

  /** Before the first class of LWJGL is used. */
  static void configure() {
    if (System.getProperty("org.lwjgl.system.memoryBackend") == null) {
      System.setProperty("org.lwjgl.system.memoryBackend", "ffm");
    }
    Configuration.VULKAN_EXPLICIT_INIT.set(true);
    if (Configuration.DEBUG_STREAM.get() == null) {
      // What is missing is told once, in our words, and not on stderr.
      Configuration.DEBUG_STREAM.set(new PrintStream(OutputStream.nullOutputStream()));
    }
  }

  /** Creates an instance; the caller is its first user. */
  static VulkanInstance create(VulkanOptions options) {
    configure();
    loadLibrary();
    try (MemoryStack stack = MemoryStack.stackPush()) {
      VkApplicationInfo application =
          VkApplicationInfo.calloc(stack)
              .sType$Default()
              .pApplicationName(stack.UTF8("Lamina"))
              .pEngineName(stack.UTF8("Lamina"))
              .apiVersion(VK_MAKE_API_VERSION(0, 1, 3, 0));
      VkInstanceCreateInfo info =
          VkInstanceCreateInfo.calloc(stack).sType$Default().pApplicationInfo(application);
      List<String> extensions = new ArrayList<>();
      if (hasExtension(stack, VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME)) {
        extensions.add(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
        info.flags(VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR);
      }
      VkDebugUtilsMessengerCallbackEXT callback = null;
      if (options.validation() != null) {
        extensions.add("VK_EXT_debug_utils");
        callback = callback(options);
        info.pNext(messengerInfo(stack, callback));
        info.pNext(
            VkValidationFeaturesEXT.calloc(stack)
                .sType$Default()
                .pEnabledValidationFeatures(
                    options.assisted()
                        ? stack.ints(
                            VK_VALIDATION_FEATURE_ENABLE_GPU_ASSISTED_EXT,
                            VK_VALIDATION_FEATURE_ENABLE_GPU_ASSISTED_RESERVE_BINDING_SLOT_EXT)
                        : stack.ints(VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT)));
      }
      info.ppEnabledLayerNames(strings(stack, options.layers()))
          .ppEnabledExtensionNames(strings(stack, extensions));
      PointerBuffer handle = stack.mallocPointer(1);
      try {
        Results.check(vkCreateInstance(info, null, handle), "creating a Vulkan instance");
      } catch (RuntimeException | Error e) {
        if (callback != null) {
          callback.free();
        }
        throw e;
      }
      VkInstance instance = new VkInstance(handle.get(0), info);
      long messenger = 0;
      if (callback != null) {
        var created = stack.mallocLong(1);
        Results.check(
            vkCreateDebugUtilsMessengerEXT(instance, messengerInfo(stack, callback), null, created),
            "creating the messenger of the validation layers");
        messenger = created.get(0);
      }
      return new VulkanInstance(instance, callback, messenger);
    }
  }

  private static VkDebugUtilsMessengerCallbackEXT callback(VulkanOptions options) {
    return VkDebugUtilsMessengerCallbackEXT.create(
        (severity, types, data, user) -> {
          options
              .validation()
              .accept(VkDebugUtilsMessengerCallbackDataEXT.create(data).pMessageString());
          return VK_FALSE;
        });
  }

  private static VkDebugUtilsMessengerCreateInfoEXT messengerInfo(
      MemoryStack stack, VkDebugUtilsMessengerCallbackEXT callback) {
    return VkDebugUtilsMessengerCreateInfoEXT.calloc(stack)
        .sType$Default()
        .messageSeverity(
            VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT
                | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT)
        .messageType(
            VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT
                | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT)
        .pfnUserCallback(callback);
  }

  private static boolean hasExtension(MemoryStack stack, String name) {
    IntBuffer count = stack.mallocInt(1);
    Results.check(
        vkEnumerateInstanceExtensionProperties((ByteBuffer) null, count, null),
        "listing Vulkan's extensions");
    try (VkExtensionProperties.Buffer all = VkExtensionProperties.malloc(count.get(0))) {
      Results.check(
          vkEnumerateInstanceExtensionProperties((ByteBuffer) null, count, all),
          "listing Vulkan's extensions");
      return all.stream().limit(count.get(0)).anyMatch(e -> e.extensionNameString().equals(name));
    }
  }

  /** An array of C strings, or null for none. */
  static PointerBuffer strings(MemoryStack stack, List<String> strings) {
    if (strings.isEmpty()) {
      return null;
    }
    PointerBuffer pointers = stack.mallocPointer(strings.size());
    strings.forEach(s -> pointers.put(stack.UTF8(s)));
    return pointers.flip();
  }

  /** All physical devices, as the loader lists them. */
  List<VkPhysicalDevice> physicalDevices() {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      IntBuffer count = stack.mallocInt(1);
      Results.check(
          vkEnumeratePhysicalDevices(instance, count, null), "listing the Vulkan devices");
      PointerBuffer handles = stack.mallocPointer(Math.max(1, count.get(0)));
      Results.check(
          vkEnumeratePhysicalDevices(instance, count, handles), "listing the Vulkan devices");
      List<VkPhysicalDevice> devices = new ArrayList<>();
      for (int i = 0; i < count.get(0); i++) {
        devices.add(new VkPhysicalDevice(handles.get(i), instance));
      }
      return devices;
    }
  }

  synchronized void use() {
    users++;
  }

  /** Ends one use. */
  synchronized void release() {
    if (--users == 0) {
      if (messenger != 0) {
        vkDestroyDebugUtilsMessengerEXT(instance, messenger, null);
      }
      vkDestroyInstance(instance, null);
      if (callback != null) {
        callback.free();
      }
    }
  }
}
