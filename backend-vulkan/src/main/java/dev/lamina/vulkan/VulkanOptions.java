package dev.lamina.vulkan;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What can be chosen of the backend beside what users choose of a run.
 *
 * @param validation told each message of the validation layers, which run only where this is not
 *     null
 * @param assisted whether they check every access to memory too, by kernels that they rewrite
 * @param without what kernels must not use though the device has it
 * @param with what they use where the device has it at all, be it slow
 * @param reduced whether to keep within the least that Vulkan promises of shared memory
 * @param small whether tiles are small, so that kernels are short: for checks that make them grow
 * @param cacheFolder where compiled pipelines are kept; null: nowhere
 * @param memoryLimit the most bytes of device memory that may be allocated; 0 for all there is
 * @param loseAt the submission of a program (from 1) at which the device acts as if it were lost; 0
 *     for never
 */
record VulkanOptions(
    Consumer<String> validation,
    boolean assisted,
    Set<Feature> without,
    Set<Feature> with,
    boolean reduced,
    boolean small,
    Path cacheFolder,
    long memoryLimit,
    int loseAt) {
  /**
   * What the system properties say: {@code lamina.vulkan.without} and {@code lamina.vulkan.with}
   * (lists such as {@code subgroups,integers,halves,matrices}) and {@code lamina.vulkan.cache} (a
   * folder, empty for none; else the user's folder for caches).
   */
  static VulkanOptions ofProperties() {
    String cache = System.getProperty("lamina.vulkan.cache");
    Path folder =
        cache == null ? PipelineCacheFile.userFolder() : cache.isEmpty() ? null : Path.of(cache);
    return new VulkanOptions(
        null,
        false,
        Feature.parse(System.getProperty("lamina.vulkan.without")),
        Feature.parse(System.getProperty("lamina.vulkan.with")),
        false,
        false,
        folder,
        0,
        0);
  }

  VulkanOptions withValidation(Consumer<String> messages, boolean gpuAssisted) {
    return new VulkanOptions(
        messages, gpuAssisted, without, with, reduced, small, cacheFolder, memoryLimit, loseAt);
  }

  /** Without anything that a device may lack. */
  VulkanOptions plain() {
    return new VulkanOptions(
        validation,
        assisted,
        EnumSet.allOf(Feature.class),
        EnumSet.noneOf(Feature.class),
        true,
        small,
        cacheFolder,
        memoryLimit,
        loseAt);
  }

  /** Without anything that rounds activations. */
  VulkanOptions exact() {
    Set<Feature> less = EnumSet.of(Feature.INTEGERS, Feature.HALVES, Feature.MATRICES);
    less.addAll(without);
    return new VulkanOptions(
        validation, assisted, less, with, reduced, small, cacheFolder, memoryLimit, loseAt);
  }

  /** With these features wherever the device has them at all. */
  VulkanOptions with(Feature first, Feature... more) {
    return new VulkanOptions(
        validation,
        assisted,
        without,
        EnumSet.of(first, more),
        reduced,
        small,
        cacheFolder,
        memoryLimit,
        loseAt);
  }

  VulkanOptions withSmallTiles() {
    return new VulkanOptions(
        validation, assisted, without, with, reduced, true, cacheFolder, memoryLimit, loseAt);
  }

  VulkanOptions withCacheFolder(Path folder) {
    return new VulkanOptions(
        validation, assisted, without, with, reduced, small, folder, memoryLimit, loseAt);
  }

  VulkanOptions withMemoryLimit(long bytes) {
    return new VulkanOptions(
        validation, assisted, without, with, reduced, small, cacheFolder, bytes, loseAt);
  }

  VulkanOptions losingAt(int submission) {
    return new VulkanOptions(
        validation, assisted, without, with, reduced, small, cacheFolder, memoryLimit, submission);
  }

  /** The layers to load. */
  List<String> layers() {
    return validation == null ? List.of() : List.of("VK_LAYER_KHRONOS_validation");
  }
}
