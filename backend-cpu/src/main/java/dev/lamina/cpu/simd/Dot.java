package dev.lamina.cpu.simd;

import static dev.lamina.cpu.simd.Simd.BYTES;
import static dev.lamina.cpu.simd.Simd.LANES;
import static dev.lamina.cpu.simd.Simd.load;
import static dev.lamina.cpu.simd.Simd.loadFloat;
import static dev.lamina.cpu.simd.Simd.storeFloat;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Dot products of float32 rows. */
public final class Dot {
  private Dot() {}

  /** {@code sum a[i] * b[i]}. */
  public static float row(long a, long b, int n) {
    FloatVector s0 = FloatVector.zero(Simd.F);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    int i = 0;
    for (int end = n - 4 * LANES; i <= end; i += 4 * LANES) {
      long at = (long) i * Float.BYTES;
      s0 = load(a + at).fma(load(b + at), s0);
      s1 = load(a + at + BYTES).fma(load(b + at + BYTES), s1);
      s2 = load(a + at + 2 * BYTES).fma(load(b + at + 2 * BYTES), s2);
      s3 = load(a + at + 3 * BYTES).fma(load(b + at + 3 * BYTES), s3);
    }
    for (int end = n - LANES; i <= end; i += LANES) {
      long at = (long) i * Float.BYTES;
      s0 = load(a + at).fma(load(b + at), s0);
    }
    float sum = s0.add(s1).add(s2.add(s3)).reduceLanes(VectorOperators.ADD);
    for (; i < n; i++) {
      sum += loadFloat(a + (long) i * Float.BYTES) * loadFloat(b + (long) i * Float.BYTES);
    }
    return sum;
  }

  /** Four rows, {@code stride} bytes apart, with one vector; writes four sums. */
  public static void rows4(long a, long stride, long b, int n, long out) {
    FloatVector s0 = FloatVector.zero(Simd.F);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    FloatVector t0 = s0;
    FloatVector t1 = s0;
    FloatVector t2 = s0;
    FloatVector t3 = s0;
    long a1 = a + stride;
    long a2 = a1 + stride;
    long a3 = a2 + stride;
    int i = 0;
    for (int end = n - 2 * LANES; i <= end; i += 2 * LANES) {
      long at = (long) i * Float.BYTES;
      FloatVector x = load(b + at);
      FloatVector y = load(b + at + BYTES);
      s0 = load(a + at).fma(x, s0);
      s1 = load(a1 + at).fma(x, s1);
      s2 = load(a2 + at).fma(x, s2);
      s3 = load(a3 + at).fma(x, s3);
      t0 = load(a + at + BYTES).fma(y, t0);
      t1 = load(a1 + at + BYTES).fma(y, t1);
      t2 = load(a2 + at + BYTES).fma(y, t2);
      t3 = load(a3 + at + BYTES).fma(y, t3);
    }
    for (int end = n - LANES; i <= end; i += LANES) {
      long at = (long) i * Float.BYTES;
      FloatVector x = load(b + at);
      s0 = load(a + at).fma(x, s0);
      s1 = load(a1 + at).fma(x, s1);
      s2 = load(a2 + at).fma(x, s2);
      s3 = load(a3 + at).fma(x, s3);
    }
    float r0 = s0.add(t0).reduceLanes(VectorOperators.ADD);
    float r1 = s1.add(t1).reduceLanes(VectorOperators.ADD);
    float r2 = s2.add(t2).reduceLanes(VectorOperators.ADD);
    float r3 = s3.add(t3).reduceLanes(VectorOperators.ADD);
    for (; i < n; i++) {
      long at = (long) i * Float.BYTES;
      float x = loadFloat(b + at);
      r0 += loadFloat(a + at) * x;
      r1 += loadFloat(a1 + at) * x;
      r2 += loadFloat(a2 + at) * x;
      r3 += loadFloat(a3 + at) * x;
    }
    storeFloat(out, r0);
    storeFloat(out + 4, r1);
    storeFloat(out + 8, r2);
    storeFloat(out + 12, r3);
  }
}
