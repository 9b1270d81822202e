package dev.lamina.cpu.format;

import static dev.lamina.cpu.simd.Simd.LANES;
import static dev.lamina.cpu.simd.Simd.bounded;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * TQ1_0: super-blocks of 256 values of -1, 0 or 1: 52 bytes and a float16 scale. A byte is a
 * fraction {@code q / 256} whose ternary digits are values, 1 to be taken away: three times the
 * fraction has the digit before its point and what the next one comes from behind it. Bytes 0-31
 * have 5 digits each (digit n of byte m is value {@code 32 n + m}), bytes 32-47 too (value {@code
 * 160 + 16 n + m}), the last four have 4 (value {@code 240 + 4 n + m}).
 */
final class TQ1Format extends RowFormat {
  static final TQ1Format INSTANCE = new TQ1Format();

  private static final int BLOCK = 54;

  /** Lane i of vector k of the last 16 values takes byte i mod 4, whose digits it wants from ... */
  private static final IntVector TAIL_SHIFT =
      IntVector.fromArray(
          Simd.I, new int[] {0, 8, 16, 24, 0, 8, 16, 24, 0, 8, 16, 24, 0, 8, 16, 24}, 0);

  /** ... number (k LANES + i) / 4 on: the power of 3 that lies between, for k = 0. */
  private static final IntVector TAIL_POWER =
      IntVector.fromArray(
          Simd.I, new int[] {1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 27, 27, 27, 27}, 0);

  private TQ1Format() {
    super(GgmlType.TQ1_0);
  }

  private static IntVector times3(IntVector q) {
    return q.add(q.lanewise(VectorOperators.LSHL, 1));
  }

  private static FloatVector digit(IntVector times3) {
    return Simd.toFloat(times3.lanewise(VectorOperators.LSHR, 8));
  }

  private static IntVector tail(long block, int k) {
    IntVector q =
        IntVector.broadcast(Simd.I, Simd.ALL.get(Simd.INT, block + 48))
            .lanewise(VectorOperators.LSHR, TAIL_SHIFT)
            .and(255)
            .mul(TAIL_POWER);
    for (int i = 0; i < k * LANES; i += 4) {
      q = times3(q);
    }
    return times3(q.and(255));
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 256; b++) {
      long block = bounded(source + (long) b * BLOCK);
      long to = bounded(target + 1024L * b);
      FloatVector d = FloatVector.broadcast(Simd.F, Simd.loadHalf(block + 52));
      for (int m = 0; m < 32; m += LANES) {
        decode5(block + m, 128, d, to + 4 * m);
      }
      for (int m = 0; m < 16; m += LANES) {
        decode5(block + 32 + m, 64, d, to + 640 + 4 * m);
      }
      for (int k = 0; k < 16 / LANES; k++) {
        put(tail(block, k), d, to + 960 + 4 * k * LANES);
      }
    }
  }

  private static void decode5(long from, int stride, FloatVector d, long to) {
    IntVector q = Simd.loadUnsignedBytes(from);
    for (int n = 0; n < 5; n++) {
      q = times3(q);
      put(q, d, to + n * stride);
      q = q.and(255);
    }
  }

  private static void put(IntVector times3, FloatVector d, long to) {
    Simd.store(digit(times3).sub(FloatVector.broadcast(Simd.F, 1f)).mul(d), to);
  }

  @Override
  public Preparation preparation() {
    return Sums.OF_256;
  }

  @Override
  float row(long w, int cols, long x, long prepared, long scratch) {
    FloatVector total = FloatVector.zero(Simd.F);
    float offset = 0;
    for (int b = 0; b < cols / 256; b++) {
      long block = bounded(w + (long) b * BLOCK);
      long from = bounded(x + 1024L * b);
      FloatVector sum = FloatVector.zero(Simd.F);
      for (int m = 0; m < 48; m += LANES) {
        IntVector q = Simd.loadUnsignedBytes(bounded(block + m));
        int stride = m < 32 ? 128 : 64;
        long at = from + (m < 32 ? 4 * m : 512 + 4 * m);
        FloatVector s = FloatVector.zero(Simd.F);
        for (int n = 0; n < 5; n++) {
          q = times3(q);
          s = digit(q).fma(Simd.load(bounded(at + n * stride)), s);
          q = q.and(255);
        }
        sum = sum.add(s);
      }
      for (int k = 0; k < 16 / LANES; k++) {
        sum = digit(tail(block, k)).fma(Simd.load(from + 960 + 4 * k * LANES), sum);
      }
      float d = Simd.loadHalf(block + 52);
      total = sum.fma(FloatVector.broadcast(Simd.F, d), total);
      offset = Math.fma(d, Simd.loadFloat(bounded(prepared + 4L * b)), offset);
    }
    return total.reduceLanes(VectorOperators.ADD) - offset;
  }
}
