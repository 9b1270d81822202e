package dev.lamina.cpu.format;

import static dev.lamina.cpu.simd.Simd.BYTES;
import static dev.lamina.cpu.simd.Simd.LANES;

import dev.lamina.cpu.simd.Dot;
import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Float16 (IEEE 754 binary16) rows. */
final class F16Format extends WeightFormat {
  static final F16Format INSTANCE = new F16Format();

  private F16Format() {
    super(GgmlType.F16);
  }

  @Override
  public void decode(long source, long target, int n) {
    int i = 0;
    for (int end = n - LANES; i <= end; i += LANES) {
      Simd.store(Simd.loadF16(source + 2L * i), target + 4L * i);
    }
    for (; i < n; i++) {
      Simd.storeFloat(target + 4L * i, Simd.loadHalf(source + 2L * i));
    }
  }

  @Override
  public void matVec(
      long w, long rowBytes, int rows, int cols, long x, long prepared, long scratch, long out) {
    int r = 0;
    for (; r + 2 <= rows; r += 2) {
      rows2(w + r * rowBytes, rowBytes, cols, x, out + (long) r * Float.BYTES);
    }
    if (r < rows) {
      decode(w + r * rowBytes, scratch, cols);
      Simd.storeFloat(out + (long) r * Float.BYTES, Dot.row(scratch, x, cols));
    }
  }

  private static void rows2(long w, long rowBytes, int cols, long x, long out) {
    FloatVector a0 = FloatVector.zero(Simd.F);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    long v = w + rowBytes;
    int i = 0;
    for (int end = cols - 2 * LANES; i <= end; i += 2 * LANES) {
      FloatVector x0 = Simd.load(x + 4L * i);
      FloatVector x1 = Simd.load(x + 4L * i + BYTES);
      a0 = Simd.loadF16(w + 2L * i).fma(x0, a0);
      a1 = Simd.loadF16(w + 2L * i + BYTES / 2).fma(x1, a1);
      b0 = Simd.loadF16(v + 2L * i).fma(x0, b0);
      b1 = Simd.loadF16(v + 2L * i + BYTES / 2).fma(x1, b1);
    }
    float a = a0.add(a1).reduceLanes(VectorOperators.ADD);
    float b = b0.add(b1).reduceLanes(VectorOperators.ADD);
    for (; i < cols; i++) {
      a += Simd.loadHalf(w + 2L * i) * Simd.loadFloat(x + 4L * i);
      b += Simd.loadHalf(v + 2L * i) * Simd.loadFloat(x + 4L * i);
    }
    Simd.storeFloat(out, a);
    Simd.storeFloat(out + 4, b);
  }
}
