package dev.lamina.cpu.format;

import static dev.lamina.cpu.simd.Simd.ADDRESS;
import static dev.lamina.cpu.simd.Simd.ALL;
import static dev.lamina.cpu.simd.Simd.BYTES;
import static dev.lamina.cpu.simd.Simd.F;
import static dev.lamina.cpu.simd.Simd.I;
import static dev.lamina.cpu.simd.Simd.LANES;
import static dev.lamina.cpu.simd.Simd.ORDER;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

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

  /**
   * Low and high halves of the same bytes are groups of their own, as their scales differ. One
   * shift puts both into the mantissa, the low half 4 bits lower: hence its factor of 16.
   */
  private static final Lanes INPUT =
      new Lanes(
          256,
          4,
          32,
          new Lanes.Order() {
            @Override
            public int value(int group, int slot, int lane) {
              int at = (group / 2 * LANES + lane) * 4 + slot;
              return at / 32 * 64 + group % 2 * 32 + at % 32;
            }

            @Override
            public float factor(int group, int slot) {
              return group % 2 == 0 ? 16 : 1;
            }

            @Override
            public float centre(int group, int slot) {
              return 1;
            }
          });

  @Override
  public Preparation preparation() {
    return INPUT;
  }

  @Override
  public void matVec(
      long w, long rowBytes, int rows, int cols, long x, long prepared, long scratch, long out) {
    for (int r = 0; r < rows; r++) {
      long row = w + r * rowBytes;
      float below = expand(row, cols, prepared, scratch);
      Simd.storeFloat(out + 4L * r, row(row, cols, prepared, scratch) - below);
    }
  }

  /**
   * Writes a vector of scales for every group of a row, so that the product is nothing but shifts
   * and multiply-adds; returns what the minima take away.
   */
  private static float expand(long w, int cols, long input, long scales) {
    FloatVector below = FloatVector.zero(F);
    for (int b = 0; b < cols / 256; b++) {
      long block = w + (long) b * BLOCK & ADDRESS;
      long sums = input + (long) b * INPUT.blockBytes() + SUMS & ADDRESS;
      long to = scales + (long) b * GROUPS * BYTES & ADDRESS;
      float d = 16 * Simd.loadHalf(block);
      float min = Simd.loadHalf(block + 2);
      long s = KScales.scales(block + 4);
      long m = KScales.mins(block + 4);
      below = Simd.bytesOf(m).mul(min).fma(Simd.load(sums), below);
      if (LANES == 16) {
        FloatVector all = Simd.bytesOf(s).mul(d);
        Simd.store(all.rearrange(SCALES_0), to);
        Simd.store(all.rearrange(SCALES_1), to + BYTES);
        Simd.store(all.rearrange(SCALES_4), to + 2 * BYTES);
        Simd.store(all.rearrange(SCALES_5), to + 3 * BYTES);
      } else {
        for (int g = 0; g < GROUPS; g++) {
          int index = g / 2 * LANES / 8 * 2 + g % 2;
          Simd.store(FloatVector.broadcast(F, d * (s >>> 8 * index & 63)), to + (long) g * BYTES);
        }
      }
      if (LANES == 4) {
        below = Simd.bytesOf(m >>> 32).mul(min).fma(Simd.load(sums + 16), below);
      }
    }
    return below.reduceLanes(VectorOperators.ADD);
  }

  private static float row(long w, int cols, long input, long scales) {
    FloatVector total = FloatVector.zero(F);
    IntVector one = IntVector.broadcast(I, 0x3f800000);
    IntVector lower = IntVector.broadcast(I, 0xf << 15);
    IntVector upper = IntVector.broadcast(I, 0xf << 19);
    for (int b = 0; b < cols / 256; b++) {
      long block = w + (long) b * BLOCK + 16 & ADDRESS;
      long from = input + (long) b * INPUT.blockBytes() & ADDRESS;
      long s = scales + (long) b * GROUPS * BYTES;
      for (int v = 0; v < GROUPS / 2; v++) {
        long x = from + 2L * v * GROUP & ADDRESS;
        IntVector q =
            IntVector.fromMemorySegment(I, ALL, block + (long) v * BYTES & ADDRESS, ORDER);
        IntVector q0 = q.lanewise(LSHL, 15);
        IntVector q1 = q.lanewise(LSHL, 7);
        IntVector q2 = q.lanewise(LSHR, 1);
        IntVector q3 = q.lanewise(LSHR, 9);
        long scale = s + 2L * v * BYTES & ADDRESS;
        FloatVector low = fromMemorySegment(F, ALL, x, ORDER);
        FloatVector high = fromMemorySegment(F, ALL, x + 5 * BYTES, ORDER);
        low =
            q0.and(lower)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + BYTES, ORDER), low);
        high =
            q0.and(upper)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 6 * BYTES, ORDER), high);
        low =
            q1.and(lower)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 2 * BYTES, ORDER), low);
        high =
            q1.and(upper)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 7 * BYTES, ORDER), high);
        low =
            q2.and(lower)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 3 * BYTES, ORDER), low);
        high =
            q2.and(upper)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 8 * BYTES, ORDER), high);
        low =
            q3.and(lower)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 4 * BYTES, ORDER), low);
        high =
            q3.and(upper)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 9 * BYTES, ORDER), high);
        total = low.fma(fromMemorySegment(F, ALL, scale, ORDER), total);
        total = high.fma(fromMemorySegment(F, ALL, scale + BYTES, ORDER), total);
      }
    }
    return total.reduceLanes(VectorOperators.ADD);
  }

  private static final int GROUPS = 64 / LANES;
  private static final int GROUP = INPUT.groupBytes();
  private static final int SUMS = INPUT.sumsOffset();
  private static final VectorShuffle<Float> SCALES_0 = scales(0);
  private static final VectorShuffle<Float> SCALES_1 = scales(1);
  private static final VectorShuffle<Float> SCALES_4 = scales(4);
  private static final VectorShuffle<Float> SCALES_5 = scales(5);

  /** With 16 lanes the first 8 belong to one scale and the others to the next but one. */
  private static VectorShuffle<Float> scales(int first) {
    return VectorShuffle.fromOp(F, i -> Math.min(first + i / 8 * 2, LANES - 1));
  }
}
