package dev.lamina.vulkan;

import dev.lamina.backend.DeviceInfo;
import java.util.ArrayList;
import java.util.List;

/**
 * What kernels use of what a device has, as the options leave it.
 *
 * <p>Reading of 16-bit storage ({@code storageBuffer16BitAccess}) is not among it: what has 16
 * bits, weights, keys and values, is read in whole words, four or eight numbers in one access of 8
 * or 16 bytes, and brought to float32 by {@code unpackHalf2x16} or a shift. Numbers read as float16
 * would need the same conversions, and no fewer bytes. The keys that attention holds in shared
 * memory stay float32: each is read there once for several query vectors, and scores, which go into
 * an exponential, have no three digits to spare.
 *
 * @param subgroup invocations whose sums kernels take together; 0 where they must go through memory
 * @param integers whether kernels multiply four bytes at once
 * @param halves whether tiles hold float16 numbers
 * @param matrices the small matrices that kernels multiply; null for none
 * @param sharedMemory bytes that a workgroup may share
 * @param small whether tiles are to be small
 * @param software whether the device is the CPU
 */
record Abilities(
    int subgroup,
    boolean integers,
    boolean halves,
    Products.MatrixSize matrices,
    int sharedMemory,
    boolean small,
    boolean software) {
  /** The least that Vulkan promises. */
  private static final int LEAST_SHARED = 16384;

  static Abilities of(DeviceFacts facts, VulkanOptions options) {
    Products products = facts.products();
    boolean software = facts.kind() == DeviceInfo.Kind.SOFTWARE_GPU;
    int subgroup = options.without().contains(Feature.SUBGROUPS) ? 0 : facts.subgroup();
    int shared = options.reduced() ? LEAST_SHARED : facts.sharedMemory();
    boolean integers =
        products.integers()
            && subgroup > 0
            && wanted(options, Feature.INTEGERS, products.fastIntegers());
    // Software converts each number that it reads.
    boolean halves = products.halves() && wanted(options, Feature.HALVES, !software);
    // Older cards of Intel's want subgroups of 8, and software has no hardware for it.
    boolean matrices =
        products.matrices() != null
            && subgroup > 0
            && MatrixShape.sharedForMatrices(subgroup, products.matrices()) <= shared
            && wanted(options, Feature.MATRICES, !software && !facts.intel());
    return new Abilities(
        subgroup,
        integers,
        halves,
        matrices ? products.matrices() : null,
        shared,
        options.small(),
        software);
  }

  private static boolean wanted(VulkanOptions options, Feature feature, boolean fast) {
    return (fast || options.with().contains(feature)) && !options.without().contains(feature);
  }

  /** What is worth a line for the user. */
  List<String> notes() {
    List<String> notes = new ArrayList<>();
    notes.add(subgroup == 0 ? "kernels without subgroup arithmetic" : "subgroups of " + subgroup);
    String few = " for one to " + MatrixShape.MOST_VECTORS + " tokens";
    if (integers) {
      notes.add("integer dot products" + (matrices == null ? "" : few));
    }
    if (matrices != null) {
      notes.add("cooperative matrices of " + matrices + " for more tokens");
    } else if (halves) {
      String types = integers ? "F16 weights" : "weights of up to 16 bits";
      notes.add("tiles of float16 for prompts with " + types);
    }
    if (software) {
      notes.add("the CPU behind Vulkan: used only where --device names it");
    }
    return notes;
  }
}
