package dev.lamina.cpu.format;

/**
 * What a {@link WeightFormat#matVec} wants computed once from its input vector: sums, another
 * order. Formats that want the same share one instance, and the program then computes it once for
 * all products with the same input.
 */
public interface Preparation {
  /** Bytes that {@link #run} writes for a vector of {@code cols} values. */
  long bytes(int cols);

  /**
   * Prepares one vector.
   *
   * @param x address of {@code cols} floats
   * @param target address of {@link #bytes} bytes
   */
  void run(long x, int cols, long target);
}
