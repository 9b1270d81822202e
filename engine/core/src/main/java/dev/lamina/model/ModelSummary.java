package dev.lamina.model;

import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.Metadata;
import dev.lamina.gguf.TensorInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a model is in a few words and numbers. Works for every GGUF file, also of architectures that
 * Lamina does not run.
 *
 * @param name {@code general.name}, or the file's name
 * @param architecture {@code general.architecture}, or {@code unknown}
 * @param fileType what {@code general.file_type} says, where it is known
 * @param parameters values in all tensors
 * @param bytes bytes of all tensors
 * @param types the types in use, those with the most bytes first
 */
public record ModelSummary(
    String name,
    String architecture,
    Optional<FileType> fileType,
    long parameters,
    long bytes,
    List<TypeUse> types) {
  /**
   * What is stored in one type.
   *
   * @param tensors number of tensors
   * @param parameters their values
   * @param bytes their bytes
   */
  public record TypeUse(GgmlType type, int tensors, long parameters, long bytes) {
    private TypeUse plus(TensorInfo t) {
      return new TypeUse(
          type,
          tensors + 1,
          Math.addExact(parameters, t.elements()),
          Math.addExact(bytes, t.bytes()));
    }
  }

  public ModelSummary {
    types = List.copyOf(types);
  }

  /** The summary of a file. */
  public static ModelSummary of(Metadata metadata, Collection<TensorInfo> tensors) {
    Map<GgmlType, TypeUse> uses = new EnumMap<>(GgmlType.class);
    for (TensorInfo t : tensors) {
      uses.put(t.type(), uses.getOrDefault(t.type(), new TypeUse(t.type(), 0, 0, 0)).plus(t));
    }
    List<TypeUse> types = new ArrayList<>(uses.values());
    types.sort(Comparator.comparingLong(TypeUse::bytes).reversed());
    int fileType = metadata.integer("general.file_type", -1);
    return new ModelSummary(
        metadata.string("general.name", metadata.source()),
        metadata.string("general.architecture", "unknown"),
        FileType.byId(fileType),
        types.stream().mapToLong(TypeUse::parameters).reduce(0, Math::addExact),
        types.stream().mapToLong(TypeUse::bytes).reduce(0, Math::addExact),
        types);
  }

  /** Bits that a value takes on average; 0 where there are no tensors. */
  public double bitsPerWeight() {
    return parameters == 0 ? 0 : 8.0 * bytes / parameters;
  }

  /** The number of parameters in three or four digits: {@code 1.24 B}, {@code 494.03 M}. */
  public String size() {
    if (parameters >= 1_000_000_000L) {
      return String.format(Locale.ROOT, "%.2f B", parameters / 1e9);
    }
    if (parameters >= 1_000_000L) {
      return String.format(Locale.ROOT, "%.2f M", parameters / 1e6);
    }
    return parameters >= 1000
        ? String.format(Locale.ROOT, "%.2f K", parameters / 1e3)
        : Long.toString(parameters);
  }
}
