package dev.lamina.cpu.format;

import static dev.lamina.cpu.simd.Simd.LANES;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Q6_K: super-blocks of 256 values: 128 bytes with the low 4 bits, 64 bytes with the high 2, 16
 * signed scales (one for 16 values), a float16 scale of scales. Each half of 128 values takes 64
 * low bytes and 32 high ones: value {@code l + 32 k} has its low bits in byte {@code l + 32 (k &
 * 1)} (low half for {@code k < 2}) and its high ones in bits {@code 2 k} of byte {@code l}.
 */
final class Q6KFormat extends WeightFormat {
  static final Q6KFormat INSTANCE = new Q6KFormat();

  private static final int BLOCK = 210;

  private Q6KFormat() {
    super(GgmlType.Q6_K);
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 256; b++) {
      long block = source + (long) b * BLOCK;
      float d = Simd.loadHalf(block + 208);
      for (int half = 0; half < 2; half++) {
        long low = block + 64 * half;
        long high = block + 128 + 32 * half;
        long scale = block + 192 + 8 * half;
        long to = target + 4L * (b * 256 + half * 128);
        for (int i = 0; i < 32; i += LANES) {
          IntVector a = Simd.loadUnsignedBytes(low + i);
          IntVector c = Simd.loadUnsignedBytes(low + 32 + i);
          IntVector h = Simd.loadUnsignedBytes(high + i);
          long s = scale + i / 16;
          long at = to + 4L * i;
          put(a.and(15).or(h.and(3).lanewise(VectorOperators.LSHL, 4)), d, s, at);
          put(c.and(15).or(h.and(12).lanewise(VectorOperators.LSHL, 2)), d, s + 2, at + 128);
          put(a.lanewise(VectorOperators.LSHR, 4).or(h.and(48)), d, s + 4, at + 256);
          put(
              c.lanewise(VectorOperators.LSHR, 4).or(h.and(192).lanewise(VectorOperators.LSHR, 2)),
              d,
              s + 6,
              at + 384);
        }
      }
    }
  }

  private static void put(IntVector q, float d, long scale, long to) {
    float s = d * Simd.ALL.get(Simd.BYTE, scale);
    Simd.store(Simd.toFloat(q.sub(32)).mul(s), to);
  }

  @Override
  public void matVec(
      long w, long rowBytes, int rows, int cols, long x, long prepared, long scratch, long out) {
    for (int r = 0; r < rows; r++) {
      Simd.storeFloat(out + 4L * r, row(w + r * rowBytes, cols, x));
    }
  }

  private static float row(long w, int cols, long x) {
    FloatVector total = FloatVector.zero(Simd.F);
    for (int b = 0; b < cols / 256; b++) {
      long block = w + (long) b * BLOCK;
      FloatVector sum = FloatVector.zero(Simd.F);
      FloatVector other = sum;
      for (int half = 0; half < 2; half++) {
        long low = block + 64 * half;
        long high = block + 128 + 32 * half;
        long scale = block + 192 + 8 * half;
        long from = x + 1024L * b + 512 * half;
        for (int i = 0; i < 32; i += LANES) {
          IntVector a = Simd.loadUnsignedBytes(low + i);
          IntVector c = Simd.loadUnsignedBytes(low + 32 + i);
          IntVector h = Simd.loadUnsignedBytes(high + i);
          long s = scale + i / 16;
          long at = from + 4L * i;
          sum = term(a.and(15).or(h.and(3).lanewise(VectorOperators.LSHL, 4)), s, at).add(sum);
          other =
              term(c.and(15).or(h.and(12).lanewise(VectorOperators.LSHL, 2)), s + 2, at + 128)
                  .add(other);
          sum = term(a.lanewise(VectorOperators.LSHR, 4).or(h.and(48)), s + 4, at + 256).add(sum);
          other =
              term(
                      c.lanewise(VectorOperators.LSHR, 4)
                          .or(h.and(192).lanewise(VectorOperators.LSHR, 2)),
                      s + 6,
                      at + 384)
                  .add(other);
        }
      }
      FloatVector d = FloatVector.broadcast(Simd.F, Simd.loadHalf(block + 208));
      total = sum.add(other).fma(d, total);
    }
    return total.reduceLanes(VectorOperators.ADD);
  }

  private static FloatVector term(IntVector q, long scale, long x) {
    float s = Simd.ALL.get(Simd.BYTE, scale);
    return Simd.toFloat(q.sub(32)).mul(s).mul(Simd.load(x));
  }
}
