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

/**
 * Q5_1: blocks of 32 values, a float16 scale, a float16 minimum, 32 fifth bits and 16 bytes as in
 * Q4_1.
 */
final class Q5_1Format extends WeightFormat {
  static final Q5_1Format INSTANCE = new Q5_1Format();

  private static final int BLOCK = 24;

  /** Each block's low halves and high halves. */
  private static final Lanes INPUT =
      new Lanes(
          32,
          2,
          32,
          new Lanes.Order() {
            @Override
            public int value(int group, int slot, int lane) {
              return slot * 16 + group * LANES + lane;
            }

            @Override
            public float factor(int group, int slot) {
              return 1;
            }

            @Override
            public float centre(int group, int slot) {
              return 1;
            }
          });

  private static final int GROUP = INPUT.groupBytes();
  private static final int BLOCK_INPUT = INPUT.blockBytes();
  private static final int SUMS = INPUT.sumsOffset();

  private static final IntVector LANE = IntVector.zero(I).addIndex(1);

  private Q5_1Format() {
    super(GgmlType.Q5_1);
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 32; b++) {
      long block = source + (long) b * BLOCK & ADDRESS;
      FloatVector d = FloatVector.broadcast(F, Simd.loadHalf(block));
      FloatVector m = FloatVector.broadcast(F, Simd.loadHalf(block + 2));
      int fifth = ALL.get(Simd.INT, block + 4);
      for (int i = 0; i < 16; i += LANES) {
        IntVector q = Simd.loadUnsignedBytes(block + 8 + i & ADDRESS);
        IntVector low = q.and(15);
        IntVector high = q.lanewise(LSHR, 4);
        IntVector bits = IntVector.broadcast(I, fifth).lanewise(LSHR, LANE.add(i));
        low = low.or(bits.and(1).lanewise(LSHL, 4));
        high = high.or(bits.lanewise(LSHR, 12).and(16));
        long to = target + 4L * (b * 32 + i) & ADDRESS;
        Simd.store(Simd.toFloat(low).mul(d).add(m), to);
        Simd.store(Simd.toFloat(high).mul(d).add(m), to + 64);
      }
    }
  }

  @Override
  public Preparation preparation() {
    return INPUT;
  }

  @Override
  public void matVec(
      long w, long rowBytes, int rows, int cols, long x, long prepared, long scratch, long out) {
    for (int r = 0; r < rows; r++) {
      Simd.storeFloat(out + 4L * r, row(w + r * rowBytes, cols, prepared));
    }
  }

  private static float row(long w, int cols, long input) {
    FloatVector total = FloatVector.zero(F);
    float above = 0;
    IntVector one = IntVector.broadcast(I, 0x3f800000);
    IntVector four = IntVector.broadcast(I, 0xf << 18);
    IntVector top = IntVector.broadcast(I, 1 << 22);
    for (int b = 0; b < cols / 32; b++) {
      long block = w + (long) b * BLOCK & ADDRESS;
      long x = input + (long) b * BLOCK_INPUT & ADDRESS;
      FloatVector d = FloatVector.broadcast(F, Simd.loadHalf(block));
      above = Math.fma(Simd.loadHalf(block + 2), Simd.loadFloat(x + SUMS), above);
      IntVector fifth = IntVector.broadcast(I, ALL.get(Simd.INT, block + 4));
      for (int g = 0; g < 16 / LANES; g++) {
        long at = x + (long) g * GROUP & ADDRESS;
        IntVector q = Simd.loadUnsignedBytes(block + 8 + (long) g * LANES & ADDRESS);
        FloatVector sum = fromMemorySegment(F, ALL, at, ORDER);
        IntVector bits = fifth.lanewise(LSHR, LANE.add(g * LANES));
        IntVector low = q.lanewise(LSHL, 18).and(four).or(bits.lanewise(LSHL, 22).and(top)).or(one);
        IntVector high = q.lanewise(LSHL, 14).and(four).or(bits.lanewise(LSHL, 6).and(top)).or(one);
        sum = low.reinterpretAsFloats().fma(fromMemorySegment(F, ALL, at + BYTES, ORDER), sum);
        sum = high.reinterpretAsFloats().fma(fromMemorySegment(F, ALL, at + 2 * BYTES, ORDER), sum);
        total = sum.fma(d, total);
      }
    }
    return 32 * total.reduceLanes(VectorOperators.ADD) + above;
  }
}
