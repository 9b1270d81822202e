package dev.lamina.vulkan;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** What kernels use where a device has it; for all there are kernels that need none. */
enum Feature {
  /** Sums taken by subgroups of a known size. */
  SUBGROUPS,
  /** Products of four bytes at once, over vectors rounded to bytes. */
  INTEGERS,
  /** Tiles of float16 numbers in shared memory, summed in float32. */
  HALVES,
  /** Small matrices of float16 numbers, multiplied by subgroups. */
  MATRICES;

  /**
   * Reads a list such as {@code integers,matrices}; null is an empty one.
   *
   * @throws IllegalArgumentException where a word names no feature
   */
  static Set<Feature> parse(String list) {
    Set<Feature> features = EnumSet.noneOf(Feature.class);
    for (String word : list == null ? new String[0] : list.split(",")) {
      if (!word.isBlank()) {
        features.add(valueOf(word.strip().toUpperCase(Locale.ROOT)));
      }
    }
    return features;
  }
}
