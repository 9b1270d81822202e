package dev.lamina.cpu.format;

import static dev.lamina.cpu.simd.Simd.LANES;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Q8_0: blocks of 32 values, a float16 scale and 32 signed bytes. */
final class Q8_0Format extends WeightFormat {
  static final Q8_0Format INSTANCE = new Q8_0Format();

  private static final int BLOCK = 34;

  private Q8_0Format() {
    super(GgmlType.Q8_0);
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 32; b++) {
      long block = source + (long) b * BLOCK;
      FloatVector d = FloatVector.broadcast(Simd.F, Simd.loadHalf(block));
      for (int i = 0; i < 32; i += LANES) {
        Simd.store(Simd.toFloat(Simd.loadBytes(block + 2 + i)).mul(d), target + 4L * (b * 32 + i));
      }
    }
  }

  @Override
  public void matVec(
      long w, long rowBytes, int rows, int cols, long x, long prepared, long scratch, long out) {
    int r = 0;
    for (; r + 2 <= rows; r += 2) {
      rows2(w + r * rowBytes, w + (r + 1) * rowBytes, cols, x, out + 4L * r);
    }
    if (r < rows) {
      // the same sum twice; the second result goes to scratch
      rows2(w + r * rowBytes, w + r * rowBytes, cols, x, scratch);
      Simd.storeFloat(out + 4L * r, Simd.loadFloat(scratch));
    }
  }

  private static void rows2(long v, long w, int cols, long x, long out) {
    FloatVector a = FloatVector.zero(Simd.F);
    FloatVector c = a;
    for (int b = 0; b < cols / 32; b++) {
      long p = v + (long) b * BLOCK;
      long q = w + (long) b * BLOCK;
      long at = x + 128L * b;
      FloatVector x0 = Simd.load(at);
      FloatVector s = Simd.toFloat(Simd.loadBytes(p + 2)).mul(x0);
      FloatVector t = Simd.toFloat(Simd.loadBytes(q + 2)).mul(x0);
      for (int i = LANES; i < 32; i += LANES) {
        FloatVector xi = Simd.load(at + 4L * i);
        s = Simd.toFloat(Simd.loadBytes(p + 2 + i)).fma(xi, s);
        t = Simd.toFloat(Simd.loadBytes(q + 2 + i)).fma(xi, t);
      }
      a = s.fma(FloatVector.broadcast(Simd.F, Simd.loadHalf(p)), a);
      c = t.fma(FloatVector.broadcast(Simd.F, Simd.loadHalf(q)), c);
    }
    Simd.storeFloat(out, a.reduceLanes(VectorOperators.ADD));
    Simd.storeFloat(out + 4, c.reduceLanes(VectorOperators.ADD));
  }
}
