package dev.lamina.cpu.kernel;

import dev.lamina.cpu.format.WeightFormat;
import dev.lamina.cpu.panel.PanelFormat;

/**
 * A weight matrix where it lies: {@code experts} matrices of {@code rows} rows, one after the
 * other.
 *
 * @param address address of the first row, or of the first panel
 * @param rowBytes bytes from row to row, where rows lie by themselves
 * @param panels how it lies in panels, where no row lies by itself; null: rows as in the file
 */
public record Matrix(
    WeightFormat format,
    long address,
    long rowBytes,
    int rows,
    int cols,
    int experts,
    PanelFormat panels) {
  /** The address of a row of an expert. */
  public long row(int expert, int row) {
    return address + ((long) expert * rows + row) * rowBytes;
  }
}
