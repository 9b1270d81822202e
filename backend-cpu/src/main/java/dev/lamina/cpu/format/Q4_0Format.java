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

  /**
   * Each block's low halves and high halves; one shift puts both into the mantissa, the low half 4
   * bits lower. The centres take the 8 away.
   */
  private static final Lanes INPUT =
      new Lanes(
          32,
          2,
          0,
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
              return slot == 0 ? 1 + 8 / 256f : 1.5f;
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
      Simd.storeFloat(out + 4L * r, row(w + r * rowBytes, cols, prepared));
    }
  }

  private static float row(long w, int cols, long input) {
    FloatVector total = FloatVector.zero(F);
    IntVector one = IntVector.broadcast(I, 0x3f800000);
    IntVector lower = IntVector.broadcast(I, 0xf << 15);
    IntVector upper = IntVector.broadcast(I, 0xf << 19);
    for (int b = 0; b < cols / 32; b++) {
      long block = w + (long) b * BLOCK & ADDRESS;
      long x = input + (long) b * BLOCK_INPUT & ADDRESS;
      FloatVector d = FloatVector.broadcast(F, Float.float16ToFloat(ALL.get(Simd.SHORT, block)));
      for (int g = 0; g < 16 / LANES; g++) {
        long at = x + (long) g * GROUP & ADDRESS;
        IntVector q =
            Simd.loadUnsignedBytes(block + 2 + (long) g * LANES & ADDRESS).lanewise(LSHL, 15);
        FloatVector sum = fromMemorySegment(F, ALL, at, ORDER);
        sum =
            q.and(lower)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, at + BYTES, ORDER), sum);
        sum =
            q.and(upper)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, at + 2 * BYTES, ORDER), sum);
        total = sum.fma(d, total);
      }
    }
    return 16 * total.reduceLanes(VectorOperators.ADD);
  }

  private static final int GROUP = INPUT.groupBytes();
  private static final int BLOCK_INPUT = INPUT.blockBytes();
}
