package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;

/** A format that multiplies two rows at a time, so that each load of the input serves both. */
abstract class PairedFormat extends WeightFormat {
  PairedFormat(GgmlType type) {
    super(type);
  }

  /** Writes the products of the rows at {@code v} and {@code w} to two floats at {@code out}. */
  abstract void rows2(long v, long w, int cols, long x, long prepared, long out);

  @Override
  public final void matVec(
      long w, long rowBytes, int rows, int cols, long x, long prepared, long scratch, long out) {
    int r = 0;
    for (; r + 2 <= rows; r += 2) {
      rows2(w + r * rowBytes, w + (r + 1) * rowBytes, cols, x, prepared, out + 4L * r);
    }
    if (r < rows) {
      // the same product twice; the second result stays in scratch
      rows2(w + r * rowBytes, w + r * rowBytes, cols, x, prepared, scratch);
      Simd.storeFloat(out + 4L * r, Simd.loadFloat(scratch));
    }
  }
}
