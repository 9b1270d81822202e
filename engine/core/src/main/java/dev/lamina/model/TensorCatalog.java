package dev.lamina.model;

import dev.lamina.gguf.TensorInfo;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The tensor table of a model, without its data: enough to build graphs and to place them. A
 * memory-mapped file is one, and so is a synthetic model that was never written.
 */
@FunctionalInterface
public interface TensorCatalog {
  /** The tensor of this name, if there is one. */
  Optional<TensorInfo> find(String name);

  /** A catalog of these tensors. */
  static TensorCatalog of(Collection<TensorInfo> tensors) {
    Map<String, TensorInfo> byName =
        tensors.stream().collect(Collectors.toMap(TensorInfo::name, Function.identity()));
    return name -> Optional.ofNullable(byName.get(name));
  }
}
