package dev.lamina.model;

import dev.lamina.gguf.Metadata;
import java.util.Arrays;
import java.util.List;

/**
 * Reads the keys {@code ARCHITECTURE.*} of a file and says in one sentence what is wrong with a
 * value that makes no sense. Keys are given without the architecture.
 */
final class ConfigReader {
  private final Metadata metadata;
  private final String prefix;

  ConfigReader(Metadata metadata, String architecture) {
    this.metadata = metadata;
    this.prefix = architecture + ".";
  }

  String source() {
    return metadata.source();
  }

  boolean has(String key) {
    return metadata.has(prefix + key);
  }

  /** An integer from 1 to {@code max}. */
  int positive(String key, int max) {
    return within(key, metadata.integer(prefix + key), 1, max);
  }

  /** An integer from {@code min} to {@code max}, or {@code otherwise} where the key is missing. */
  int integer(String key, int min, int max, int otherwise) {
    return has(key) ? within(key, metadata.integer(prefix + key), min, max) : otherwise;
  }

  /** A finite number from {@code min} to {@code max}. */
  float number(String key, float min, float max) {
    float value = metadata.number(prefix + key);
    if (!(value >= min && value <= max)) {
      throw bad(key, "is " + value + ", which must lie between " + min + " and " + max);
    }
    return value;
  }

  /** The same, or {@code otherwise} where the key is missing. */
  float number(String key, float min, float max, float otherwise) {
    return has(key) ? number(key, min, max) : otherwise;
  }

  String string(String key, String otherwise) {
    return metadata.string(prefix + key, otherwise);
  }

  /**
   * One integer from 1 to {@code max} for each of {@code layers} layers, stored as an array or as
   * one value for all; {@code otherwise} where the key is missing.
   */
  int[] perLayer(String key, int layers, int max, int[] otherwise) {
    if (!has(key)) {
      return otherwise;
    }
    if (!metadata.isArray(prefix + key)) {
      int[] values = new int[layers];
      Arrays.fill(values, positive(key, max));
      return values;
    }
    int[] values = metadata.integers(prefix + key);
    checkLength(key, values.length, layers);
    for (int value : values) {
      within(key, value, 1, max);
    }
    return values;
  }

  /**
   * Which layers look through a sliding window: stored as a period {@code n} (of each {@code n}
   * layers all but the last do; 1: none, 0: all), or as an array with an entry for each layer.
   */
  boolean[] windowed(String key, int layers, int otherwise) {
    boolean[] windowed = new boolean[layers];
    if (!has(key) || !metadata.isArray(prefix + key)) {
      int period = integer(key, 0, Integer.MAX_VALUE, otherwise);
      for (int i = 0; i < layers; i++) {
        windowed[i] = period == 0 || i % period < period - 1;
      }
      return windowed;
    }
    if (metadata.raw(prefix + key).orElseThrow() instanceof List<?> list
        && list.stream().allMatch(Boolean.class::isInstance)) {
      boolean[] stored = metadata.bools(prefix + key);
      checkLength(key, stored.length, layers);
      return stored;
    }
    int[] stored = metadata.integers(prefix + key);
    checkLength(key, stored.length, layers);
    for (int i = 0; i < layers; i++) {
      windowed[i] = stored[i] != 0;
    }
    return windowed;
  }

  /** The failure of a value that makes no sense. */
  ModelException bad(String key, String what) {
    return new ModelException(
        source()
            + ": "
            + prefix
            + key
            + " "
            + what
            + "; the file is damaged or badly converted: download or convert it again");
  }

  private int within(String key, int value, int min, int max) {
    if (value < min || value > max) {
      throw bad(key, "is " + value + ", which must lie between " + min + " and " + max);
    }
    return value;
  }

  private void checkLength(String key, int length, int layers) {
    if (length != layers) {
      throw bad(key, "has " + length + " entries for " + layers + " layers");
    }
  }
}
