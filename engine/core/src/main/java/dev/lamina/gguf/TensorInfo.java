package dev.lamina.gguf;

/**
 * One entry of a file's tensor table.
 *
 * @param name the tensor's name, such as {@code blk.0.attn_q.weight}
 * @param type how its values are stored
 * @param shape values per dimension, the contiguous one first (ggml's {@code ne}); 1 to 4 entries
 * @param part which file of a split set holds it, from 0
 * @param offset where its data begins in that file, in bytes from the file's start
 */
public record TensorInfo(String name, GgmlType type, long[] shape, int part, long offset) {
  /** The number of values. */
  public long elements() {
    long n = 1;
    for (long d : shape) {
      n = Math.multiplyExact(n, d);
    }
    return n;
  }

  /** Size of dimension {@code i}, 1 beyond the last. */
  public long dim(int i) {
    return i < shape.length ? shape[i] : 1;
  }

  /** Bytes of the data. */
  public long bytes() {
    return elements() == 0 ? 0 : Math.multiplyExact(type.rowBytes(shape[0]), elements() / shape[0]);
  }
}
