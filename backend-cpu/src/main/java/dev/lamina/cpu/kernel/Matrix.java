package dev.lamina.cpu.kernel;

import dev.lamina.cpu.format.WeightFormat;

/**
 * A weight matrix where it lies: {@code experts} matrices of {@code rows} rows, one after the
 * other.
 *
 * @param address address of the first row
 * @param rowBytes bytes from row to row
 * @param interleaved whether it is in the layout of {@link dev.lamina.cpu.format.InterleavedQ4},
 *     where no row lies by itself
 */
public record Matrix(
    WeightFormat format,
    long address,
    long rowBytes,
    int rows,
    int cols,
    int experts,
    boolean interleaved) {
  /** The address of a row of an expert. */
  public long row(int expert, int row) {
    return address + ((long) expert * rows + row) * rowBytes;
  }
}
