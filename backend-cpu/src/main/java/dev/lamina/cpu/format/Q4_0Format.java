package dev.lamina.cpu.format;

import static dev.lamina.cpu.simd.Simd.LANES;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Q4_0: blocks of 32 values, a float16 scale and 16 bytes; value {@code i} is the low half of byte
 * {@code i}, value {@code i + 16} its high half, both minus 8.
 */
final class Q4_0Format extends WeightFormat {
  static final Q4_0Format INSTANCE = new Q4_0Format();

  private static final int BLOCK = 18;

  private Q4_0Format() {
    super(GgmlType.Q4_0);
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 32; b++) {
      long block = source + (long) b * BLOCK;
      FloatVector d = FloatVector.broadcast(Simd.F, Simd.loadHalf(block));
      for (int i = 0; i < 16; i += LANES) {
        IntVector q = Simd.loadUnsignedBytes(block + 2 + i);
        long to = target + 4L * (b * 32 + i);
        Simd.store(Simd.toFloat(q.and(15).sub(8)).mul(d), to);
        Simd.store(Simd.toFloat(q.lanewise(VectorOperators.LSHR, 4).sub(8)).mul(d), to + 64);
      }
    }
  }

  @Override
  public Preparation preparation() {
    return Sums.OF_32;
  }

  @Override
  public void matVec(
      long w, long rowBytes, int rows, int cols, long x, long prepared, long scratch, long out) {
    int r = 0;
    for (; r + 2 <= rows; r += 2) {
      rows2(w + r * rowBytes, w + (r + 1) * rowBytes, cols, x, prepared, out + 4L * r);
    }
    if (r < rows) {
      rows2(w + r * rowBytes, w + r * rowBytes, cols, x, prepared, scratch);
      Simd.storeFloat(out + 4L * r, Simd.loadFloat(scratch));
    }
  }

  private static void rows2(long v, long w, int cols, long x, long sums, long out) {
    FloatVector a = FloatVector.zero(Simd.F);
    FloatVector c = a;
    float offsetA = 0;
    float offsetC = 0;
    for (int b = 0; b < cols / 32; b++) {
      long p = v + (long) b * BLOCK;
      long q = w + (long) b * BLOCK;
      long at = x + 128L * b;
      FloatVector s = FloatVector.zero(Simd.F);
      FloatVector t = s;
      for (int i = 0; i < 16; i += LANES) {
        FloatVector low = Simd.load(at + 4L * i);
        FloatVector high = Simd.load(at + 64 + 4L * i);
        IntVector m = Simd.loadUnsignedBytes(p + 2 + i);
        IntVector n = Simd.loadUnsignedBytes(q + 2 + i);
        s = Simd.toFloat(m.and(15)).fma(low, s);
        t = Simd.toFloat(n.and(15)).fma(low, t);
        s = Simd.toFloat(m.lanewise(VectorOperators.LSHR, 4)).fma(high, s);
        t = Simd.toFloat(n.lanewise(VectorOperators.LSHR, 4)).fma(high, t);
      }
      float da = Simd.loadHalf(p);
      float dc = Simd.loadHalf(q);
      float sum = Simd.loadFloat(sums + 4L * b);
      a = s.fma(FloatVector.broadcast(Simd.F, da), a);
      c = t.fma(FloatVector.broadcast(Simd.F, dc), c);
      offsetA = Math.fma(da, sum, offsetA);
      offsetC = Math.fma(dc, sum, offsetC);
    }
    Simd.storeFloat(out, a.reduceLanes(VectorOperators.ADD) - 8 * offsetA);
    Simd.storeFloat(out + 4, c.reduceLanes(VectorOperators.ADD) - 8 * offsetC);
  }
}
