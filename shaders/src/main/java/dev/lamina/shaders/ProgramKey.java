package dev.lamina.shaders;

import dev.lamina.gguf.GgmlType;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * One text to compile: a unit of kernels with the types that it decodes and the numbers that are
 * fixed in it.
 *
 * @param unit the kernels
 * @param first the type of the weights, or of keys; null where the unit has none
 * @param second the type of values; null where the unit has none
 * @param defines numbers by the names that the text has for them
 */
public record ProgramKey(
    KernelUnit unit, GgmlType first, GgmlType second, Map<String, Integer> defines) {
  public ProgramKey {
    defines = Map.copyOf(defines);
  }

  /** A name for files and messages, different for different keys: {@code weight-Q4_K-LANES32}. */
  public String name() {
    StringBuilder name = new StringBuilder(unit.name().toLowerCase(Locale.ROOT));
    if (first != null) {
      name.append('-').append(first);
    }
    if (second != null) {
      name.append('-').append(second);
    }
    new TreeMap<>(defines).forEach((key, value) -> name.append('-').append(key).append(value));
    return name.toString();
  }
}
