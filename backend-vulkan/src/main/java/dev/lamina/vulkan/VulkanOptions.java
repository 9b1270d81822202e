package dev.lamina.vulkan;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * What can be chosen of the backend beside what users choose of a run.
 *
 * @param validation told each message of the validation layers, which run only where this is not
 *     null
 * @param assisted whether they check every access to memory too, by kernels that they rewrite
 * @param subgroups whether kernels may use subgroup arithmetic where the device has it
 * @param reduced whether to keep within the least that Vulkan promises of shared memory
 * @param cacheFolder where compiled pipelines are kept; null: nowhere
 * @param memoryLimit the most bytes of device memory that may be allocated; 0 for all there is
 * @param loseAt the submission of a program (from 1) at which the device acts as if it were lost; 0
 *     for never
 */
record VulkanOptions(
    Consumer<String> validation,
    boolean assisted,
    boolean subgroups,
    boolean reduced,
    Path cacheFolder,
    long memoryLimit,
    int loseAt) {
  /**
   * What the system properties say: {@code lamina.vulkan.subgroups} (false for kernels that need
   * none) and {@code lamina.vulkan.cache} (a folder, empty for none; else the user's folder for
   * caches).
   */
  static VulkanOptions ofProperties() {
    String cache = System.getProperty("lamina.vulkan.cache");
    Path folder =
        cache == null ? PipelineCacheFile.userFolder() : cache.isEmpty() ? null : Path.of(cache);
    return new VulkanOptions(
        null,
        false,
        !"false".equals(System.getProperty("lamina.vulkan.subgroups")),
        false,
        folder,
        0,
        0);
  }

  VulkanOptions withValidation(Consumer<String> messages, boolean gpuAssisted) {
    return new VulkanOptions(
        messages, gpuAssisted, subgroups, reduced, cacheFolder, memoryLimit, loseAt);
  }

  /** Without anything that a device may lack. */
  VulkanOptions plain() {
    return new VulkanOptions(validation, assisted, false, true, cacheFolder, memoryLimit, loseAt);
  }

  VulkanOptions withCacheFolder(Path folder) {
    return new VulkanOptions(validation, assisted, subgroups, reduced, folder, memoryLimit, loseAt);
  }

  VulkanOptions withMemoryLimit(long bytes) {
    return new VulkanOptions(validation, assisted, subgroups, reduced, cacheFolder, bytes, loseAt);
  }

  VulkanOptions losingAt(int submission) {
    return new VulkanOptions(
        validation, assisted, subgroups, reduced, cacheFolder, memoryLimit, submission);
  }

  /** The layers to load. */
  List<String> layers() {
    return validation == null ? List.of() : List.of("VK_LAYER_KHRONOS_validation");
  }
}
