package dev.lamina.model;

import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.TensorInfo;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The tensors of one model: looks them up, checks their shapes against the hyper-parameters, and
 * tells in one sentence what is missing or does not fit.
 */
final class TensorTable {
  private final String source;
  private final TensorCatalog catalog;

  TensorTable(String source, TensorCatalog catalog) {
    this.source = source;
    this.catalog = catalog;
  }

  boolean has(String name) {
    return catalog.find(name).isPresent();
  }

  /** {@code NAME.weight}: {@code rows} rows of {@code cols} values. */
  TensorSpec matrix(String name, int cols, int rows) {
    TensorInfo info = info(name + ".weight", cols, rows, 1);
    return TensorSpec.matrix(info.name(), info.type(), cols, rows);
  }

  /** {@code NAME.weight}: a matrix for each expert. */
  TensorSpec experts(String name, int cols, int rows, int experts) {
    TensorInfo info = info(name + ".weight", cols, rows, experts);
    return TensorSpec.experts(info.name(), info.type(), cols, rows, experts);
  }

  /** {@code NAME.weight}: a table of {@code rows} rows to look up. */
  TensorSpec embedding(String name, int cols, int rows) {
    TensorInfo info = info(name + ".weight", cols, rows, 1);
    return TensorSpec.embedding(info.name(), info.type(), cols, rows);
  }

  /** {@code NAME.weight}: {@code size} values. */
  TensorSpec vector(String name, int size) {
    TensorInfo info = info(name + ".weight", size, 1, 1);
    return TensorSpec.vector(info.name(), info.type(), size);
  }

  /** {@code NAME.weight} with {@code size} values, or null where the file has none. */
  TensorSpec optionalVector(String name, int size) {
    return has(name + ".weight") ? vector(name, size) : null;
  }

  /** {@code NAME.bias} with {@code size} values, or null where the file has none. */
  TensorSpec optionalBias(String name, int size) {
    if (!has(name + ".bias")) {
      return null;
    }
    TensorInfo info = info(name + ".bias", size, 1, 1);
    return TensorSpec.vector(info.name(), info.type(), size);
  }

  private TensorInfo info(String name, int... expected) {
    TensorInfo info =
        catalog.find(name).orElseThrow(() -> new ModelException(missing(name, expected)));
    boolean fits = info.shape().length <= 4 && info.dim(3) == 1;
    for (int i = 0; i < expected.length; i++) {
      fits &= info.dim(i) == expected[i];
    }
    if (!fits) {
      throw new ModelException(
          source
              + ": tensor "
              + name
              + " has the shape "
              + shape(info.shape())
              + " where the hyper-parameters ask for "
              + shape(Arrays.stream(expected).asLongStream().toArray())
              + "; the file is badly converted: convert or download it again");
    }
    if (!info.type().isWeightType() || expected[0] % info.type().blockSize() != 0) {
      throw new ModelException(
          source
              + ": tensor "
              + name
              + " cannot hold weights as "
              + info.type()
              + " in rows of "
              + expected[0]
              + "; convert the model again");
    }
    return info;
  }

  private String missing(String name, int... expected) {
    String why = "the file is incomplete or of another architecture: download or convert it again";
    if (name.endsWith("_exps.weight") && has(name.replace("_exps.", ".0."))) {
      why =
          "the file keeps each expert in a tensor of its own, as before April 2024: convert the"
              + " model again, or download a newer file";
    } else if (name.contains(".attn_q.") && has(name.replace(".attn_q.", ".attn_qkv."))) {
      why =
          "the file joins queries, keys and values in one tensor: convert the model again without"
              + " fusing them";
    }
    return source
        + ": tensor "
        + name
        + " of shape "
        + shape(Arrays.stream(expected).asLongStream().toArray())
        + " is missing; "
        + why;
  }

  /** The shape without trailing ones, as {@code 4096 x 1024}. */
  private static String shape(long[] dims) {
    int n = dims.length;
    while (n > 1 && dims[n - 1] == 1) {
      n--;
    }
    return Arrays.stream(dims, 0, n).mapToObj(Long::toString).collect(Collectors.joining(" x "));
  }
}
