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
 * Q4_1: blocks of 32 values, a float16 scale, a float16 minimum and 16 bytes; value {@code i} is
 * the low half of byte {@code i}, value {@code i + 16} its high half.
 */
final class Q4_1Format extends WeightFormat {
  static final Q4_1Format INSTANCE = new Q4_1Format();

  private static final int BLOCK = 20;

  /** Each block's low halves and high halves; one shift puts both into the mantissa. */
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
              return slot == 0 ? 16 : 1;
            }

            @Override
            public float centre(int group, int slot) {
              return 1;
            }
          });

  private static final int GROUP = INPUT.groupBytes();
  private static final int BLOCK_INPUT = INPUT.blockBytes();
  private static final int SUMS = INPUT.sumsOffset();

  private Q4_1Format() {
    super(GgmlType.Q4_1);
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 32; b++) {
      long block = source + (long) b * BLOCK & ADDRESS;
      FloatVector d = FloatVector.broadcast(F, Simd.loadHalf(block));
      FloatVector m = FloatVector.broadcast(F, Simd.loadHalf(block + 2));
      for (int i = 0; i < 16; i += LANES) {
        IntVector q = Simd.loadUnsignedBytes(block + 4 + i & ADDRESS);
        IntVector low = q.and(15);
        IntVector high = q.lanewise(LSHR, 4);
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
    IntVector lower = IntVector.broadcast(I, 0xf << 15);
    IntVector upper = IntVector.broadcast(I, 0xf << 19);
    for (int b = 0; b < cols / 32; b++) {
      long block = w + (long) b * BLOCK & ADDRESS;
      long x = input + (long) b * BLOCK_INPUT & ADDRESS;
      FloatVector d = FloatVector.broadcast(F, Simd.loadHalf(block));
      above = Math.fma(Simd.loadHalf(block + 2), Simd.loadFloat(x + SUMS), above);
      for (int g = 0; g < 16 / LANES; g++) {
        long at = x + (long) g * GROUP & ADDRESS;
        IntVector q = Simd.loadUnsignedBytes(block + 4 + (long) g * LANES & ADDRESS);
        FloatVector sum = fromMemorySegment(F, ALL, at, ORDER);
        q = q.lanewise(LSHL, 15);
        IntVector low = q.and(lower).or(one);
        IntVector high = q.and(upper).or(one);
        sum = low.reinterpretAsFloats().fma(fromMemorySegment(F, ALL, at + BYTES, ORDER), sum);
        sum = high.reinterpretAsFloats().fma(fromMemorySegment(F, ALL, at + 2 * BYTES, ORDER), sum);
        total = sum.fma(d, total);
      }
    }
    return 16 * total.reduceLanes(VectorOperators.ADD) + above;
  }
}
