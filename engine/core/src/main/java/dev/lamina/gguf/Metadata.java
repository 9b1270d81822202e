package dev.lamina.gguf;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The key-value pairs of a GGUF file, in file order. The getters without a default throw a {@link
 * GgufException} that names the file and the key where the key is missing; all throw one where the
 * value has another type. Integer getters accept every integer type that holds the value.
 */
public interface Metadata {
  /** The file's name, for messages. */
  String source();

  Set<String> keys();

  boolean has(String key);

  /**
   * The value as it stands: {@code Long} for signed and unsigned integers up to 64 bits ({@code
   * u64} above {@code Long.MAX_VALUE}: {@code BigInteger}), {@code Double}, {@code Float}, {@code
   * Boolean}, {@code String}, or a {@link java.util.List} of these (possibly nested).
   */
  Optional<Object> raw(String key);

  String string(String key);

  String string(String key, String otherwise);

  int integer(String key);

  int integer(String key, int otherwise);

  /** A number stored in either float type, or in an integer type. */
  float number(String key);

  float number(String key, float otherwise);

  boolean bool(String key, boolean otherwise);

  /**
   * An array of strings; empty where the key is missing. Decoded lazily: a vocabulary is not copied
   * until asked for.
   */
  List<String> strings(String key);

  /** As {@link #strings}, in one array of bytes: for arrays that are read as a whole. */
  ByteStrings byteStrings(String key);

  /** An array of integers of any width; empty where the key is missing. */
  int[] integers(String key);

  /**
   * An array of float32 values; empty where the key is missing. An array of another type, integers
   * included, is an error.
   */
  float[] floats(String key);

  /** An array of booleans; empty where the key is missing. */
  boolean[] bools(String key);

  /** Whether the value is an array (some models store one value a layer, others one for all). */
  boolean isArray(String key);

  /**
   * Metadata that is not read from a file.
   *
   * @param source a name for messages
   * @param values numbers (integers up to 64 bits, {@code Float}, {@code Double}), {@code Boolean},
   *     {@code String}, and arrays of these as {@code List}, {@code String[]}, {@code int[]},
   *     {@code long[]}, {@code float[]}, {@code double[]} or {@code boolean[]}; copied, in the
   *     map's order
   */
  static Metadata of(String source, Map<String, ?> values) {
    return MetadataMap.copyOf(source, values);
  }
}
