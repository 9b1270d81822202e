package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Dot;
import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;

/** Float32 rows. */
final class F32Format extends WeightFormat {
  static final F32Format INSTANCE = new F32Format();

  private F32Format() {
    super(GgmlType.F32);
  }

  @Override
  public void decode(long source, long target, int n) {
    Simd.copy(source, target, (long) n * Float.BYTES);
  }

  @Override
  public void matVec(
      long w, long rowBytes, int rows, int cols, long x, long prepared, long scratch, long out) {
    int r = 0;
    for (; r + 4 <= rows; r += 4) {
      Dot.rows4(w + r * rowBytes, rowBytes, x, cols, out + (long) r * Float.BYTES);
    }
    for (; r < rows; r++) {
      Simd.storeFloat(out + (long) r * Float.BYTES, Dot.row(w + r * rowBytes, x, cols));
    }
  }
}
