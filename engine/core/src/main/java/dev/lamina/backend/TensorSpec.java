package dev.lamina.backend;

import dev.lamina.gguf.GgmlType;

/**
 * A weight before it is loaded: {@code experts} matrices of {@code rows} rows with {@code cols}
 * values, contiguous, row by row.
 *
 * @param name the tensor's name in the file
 * @param type how its values are stored
 * @param cols values in a row (ggml's {@code ne0}): the inputs of a matrix product, the size of a
 *     vector
 * @param rows rows of one matrix (ggml's {@code ne1}): the outputs; 1 for a vector
 * @param experts matrices (ggml's {@code ne2}); 1 for a plain one
 * @param use how ops use it; the same tensor may be used in two ways (a tied embedding), and is
 *     then loaded twice unless the device shares it
 */
public record TensorSpec(String name, GgmlType type, int cols, int rows, int experts, Use use) {
  /** How a weight is used, which decides its layout on a device. */
  public enum Use {
    /** Right-hand side of a matrix product. */
    MATRIX,
    /** A table of rows to look up. */
    EMBEDDING,
    /** A norm's gains, a bias, rope factors. */
    VECTOR
  }

  public TensorSpec {
    if (cols <= 0 || rows <= 0 || experts <= 0) {
      throw new IllegalArgumentException(
          name + ": empty shape " + cols + " x " + rows + " x " + experts);
    }
  }

  public static TensorSpec matrix(String name, GgmlType type, int cols, int rows) {
    return new TensorSpec(name, type, cols, rows, 1, Use.MATRIX);
  }

  public static TensorSpec experts(String name, GgmlType type, int cols, int rows, int experts) {
    return new TensorSpec(name, type, cols, rows, experts, Use.MATRIX);
  }

  public static TensorSpec embedding(String name, GgmlType type, int cols, int rows) {
    return new TensorSpec(name, type, cols, rows, 1, Use.EMBEDDING);
  }

  public static TensorSpec vector(String name, GgmlType type, int size) {
    return new TensorSpec(name, type, size, 1, 1, Use.VECTOR);
  }

  /** Bytes as the file has them. */
  public long bytes() {
    return Math.multiplyExact(type.rowBytes(cols), Math.multiplyExact((long) rows, (long) experts));
  }
}
