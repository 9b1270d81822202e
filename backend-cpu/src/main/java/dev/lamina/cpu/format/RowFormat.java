package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;

/**
 * A format that multiplies one row after another. That suits types whose kernels are bound by
 * decoding: the input comes from the first-level cache at no cost, and what a second row at the
 * same time would save is less than what the registers that it takes would cost.
 */
abstract class RowFormat extends WeightFormat {
  RowFormat(GgmlType type) {
    super(type);
  }

  /** The product of the row at {@code w}; for the rest see {@link #matVec}. */
  abstract float row(long w, int cols, long x, long prepared, long scratch);

  @Override
  public final void matVec(
      long w, long rowBytes, int rows, int cols, long x, long prepared, long scratch, long out) {
    for (int r = 0; r < rows; r++) {
      Simd.storeFloat(out + 4L * r, row(w + r * rowBytes, cols, x, prepared, scratch));
    }
  }
}
