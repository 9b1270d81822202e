package dev.lamina.quantize;

import dev.lamina.LaminaException;
import dev.lamina.gguf.GgmlType;
import dev.lamina.model.FileType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a user calls the type of a file: one of {@link FileType}, or one of the names that model
 * cards use for such a type with embeddings and output in Q8_0 ({@code Q4_K_L} is such a {@code
 * Q4_K_M}), or another name for one.
 *
 * @param name the name, in upper case
 * @param file what decides about the tensors
 * @param ends the type of embeddings and output, where it is not {@code file} that decides
 */
public record Recipe(String name, FileType file, Optional<GgmlType> ends) {
  private static final Map<String, Recipe> ALL = new LinkedHashMap<>();

  static {
    for (FileType type : FileType.values()) {
      add(type.name(), type, null);
    }
    add("Q2_K_L", FileType.Q2_K, GgmlType.Q8_0);
    add("Q3_K_XL", FileType.Q3_K_L, GgmlType.Q8_0);
    add("Q4_K_L", FileType.Q4_K_M, GgmlType.Q8_0);
    add("Q5_K_L", FileType.Q5_K_M, GgmlType.Q8_0);
    add("Q6_K_L", FileType.Q6_K, GgmlType.Q8_0);
    add("Q3_K", FileType.Q3_K_M, null);
    add("Q4_K", FileType.Q4_K_M, null);
    add("Q5_K", FileType.Q5_K_M, null);
    add("MXFP4", FileType.MXFP4_MOE, null);
  }

  private static void add(String name, FileType file, GgmlType ends) {
    ALL.put(name, new Recipe(name, file, Optional.ofNullable(ends)));
  }

  /** All names. */
  public static List<String> names() {
    return List.copyOf(ALL.keySet());
  }

  /** The recipe of this name, in upper or lower case, or empty. */
  public static Optional<Recipe> find(String name) {
    return Optional.ofNullable(ALL.get(name.toUpperCase(Locale.ROOT)));
  }

  /**
   * The recipe of this name.
   *
   * @throws LaminaException where there is none; the message lists those known
   */
  public static Recipe byName(String name) {
    return find(name)
        .orElseThrow(
            () -> {
              List<String> names = new ArrayList<>(names());
              names.sort(null);
              return new LaminaException(
                  "there is no file type '" + name + "': choose " + String.join(", ", names));
            });
  }
}
