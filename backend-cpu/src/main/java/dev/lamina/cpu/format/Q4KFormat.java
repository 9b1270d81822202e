package dev.lamina.cpu.format;

import static dev.lamina.cpu.simd.Simd.LANES;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Q4_K: super-blocks of 256 values: float16 scale of scales and of minima, 8 pairs of 6-bit scale
 * and minimum in 12 bytes, 128 bytes of halves; each 32 bytes hold two sub-blocks of 32 values, low
 * halves first.
 */
final class Q4KFormat extends WeightFormat {
  static final Q4KFormat INSTANCE = new Q4KFormat();

  private static final int BLOCK = 144;

  private Q4KFormat() {
    super(GgmlType.Q4_K);
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 256; b++) {
      long block = source + (long) b * BLOCK;
      float d = Simd.loadHalf(block);
      float min = Simd.loadHalf(block + 2);
      long scales = KScales.scales(block + 4);
      long mins = KScales.mins(block + 4);
      for (int j = 0; j < 4; j++) {
        FloatVector d0 = FloatVector.broadcast(Simd.F, d * (scales >>> 16 * j & 63));
        FloatVector d1 = FloatVector.broadcast(Simd.F, d * (scales >>> 16 * j + 8 & 63));
        FloatVector m0 = FloatVector.broadcast(Simd.F, min * (mins >>> 16 * j & 63));
        FloatVector m1 = FloatVector.broadcast(Simd.F, min * (mins >>> 16 * j + 8 & 63));
        for (int i = 0; i < 32; i += LANES) {
          IntVector q = Simd.loadUnsignedBytes(block + 16 + 32 * j + i);
          long to = target + 4L * (b * 256 + j * 64 + i);
          Simd.store(Simd.toFloat(q.and(15)).mul(d0).sub(m0), to);
          Simd.store(Simd.toFloat(q.lanewise(VectorOperators.LSHR, 4)).mul(d1).sub(m1), to + 128);
        }
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
    for (int r = 0; r < rows; r++) {
      Simd.storeFloat(out + 4L * r, row(w + r * rowBytes, cols, x, prepared));
    }
  }

  private static float row(long w, int cols, long x, long sums) {
    FloatVector total = FloatVector.zero(Simd.F);
    float offset = 0;
    for (int b = 0; b < cols / 256; b++) {
      long block = w + (long) b * BLOCK;
      float d = Simd.loadHalf(block);
      long scales = KScales.scales(block + 4);
      long mins = KScales.mins(block + 4);
      long at = x + 1024L * b;
      FloatVector sum = FloatVector.zero(Simd.F);
      float below = 0;
      for (int j = 0; j < 4; j++) {
        FloatVector low = FloatVector.zero(Simd.F);
        FloatVector high = low;
        for (int i = 0; i < 32; i += LANES) {
          IntVector q = Simd.loadUnsignedBytes(block + 16 + 32 * j + i);
          low = Simd.toFloat(q.and(15)).fma(Simd.load(at + 256L * j + 4 * i), low);
          high =
              Simd.toFloat(q.lanewise(VectorOperators.LSHR, 4))
                  .fma(Simd.load(at + 256L * j + 128 + 4 * i), high);
        }
        sum = low.fma(FloatVector.broadcast(Simd.F, (float) (scales >>> 16 * j & 63)), sum);
        sum = high.fma(FloatVector.broadcast(Simd.F, (float) (scales >>> 16 * j + 8 & 63)), sum);
        below += (mins >>> 16 * j & 63) * Simd.loadFloat(sums + 32L * b + 8 * j);
        below += (mins >>> 16 * j + 8 & 63) * Simd.loadFloat(sums + 32L * b + 8 * j + 4);
      }
      total = sum.fma(FloatVector.broadcast(Simd.F, d), total);
      offset = Math.fma(Simd.loadHalf(block + 2), below, offset);
    }
    return total.reduceLanes(VectorOperators.ADD) - offset;
  }
}
