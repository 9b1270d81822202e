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
import static jdk.incubator.vector.VectorOperators.XOR;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * Q5_K: Q4_K with 32 bytes of fifth bits between the scales and the halves: bit {@code j} of byte
 * {@code i} belongs to value {@code 32 j + i}.
 */
final class Q5KFormat extends WeightFormat {
  static final Q5KFormat INSTANCE = new Q5KFormat();

  private static final int BLOCK = 176;

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
              return 1;
            }

            @Override
            public float centre(int group, int slot) {
              return 1;
            }
          });

  private static final int GROUPS = 64 / LANES;
  private static final int GROUP = INPUT.groupBytes();
  private static final int SUMS = INPUT.sumsOffset();
  private static final ScalePlane SCALES = new ScalePlane(INPUT, GROUPS, 32);

  /** With 16 lanes a vector of halves holds two runs, which share 8 lanes of fifth bits. */
  private static final VectorShuffle<Integer> TWICE = VectorShuffle.fromOp(I, i -> i % 8);

  private static final IntVector TWO_ABOVE =
      IntVector.zero(I).addIndex(1).lanewise(LSHR, 3).lanewise(LSHL, 1);

  private Q5KFormat() {
    super(GgmlType.Q5_K);
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
        FloatVector d0 = FloatVector.broadcast(F, d * (scales >>> 16 * j & 63));
        FloatVector d1 = FloatVector.broadcast(F, d * (scales >>> 16 * j + 8 & 63));
        FloatVector m0 = FloatVector.broadcast(F, min * (mins >>> 16 * j & 63));
        FloatVector m1 = FloatVector.broadcast(F, min * (mins >>> 16 * j + 8 & 63));
        for (int i = 0; i < 32; i += LANES) {
          IntVector q = Simd.loadUnsignedBytes(block + 48 + 32 * j + i & ADDRESS);
          IntVector h = Simd.loadUnsignedBytes(block + 16 + i & ADDRESS).lanewise(LSHR, 2 * j);
          long to = target + 4L * (b * 256 + j * 64 + i) & ADDRESS;
          IntVector low = q.and(15).or(h.and(1).lanewise(LSHL, 4));
          IntVector high = q.lanewise(LSHR, 4).or(h.and(2).lanewise(LSHL, 3));
          Simd.store(Simd.toFloat(low).mul(d0).sub(m0), to);
          Simd.store(Simd.toFloat(high).mul(d1).sub(m1), to + 128);
        }
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
      long row = w + r * rowBytes;
      float below = KScales.expand(SCALES, row, BLOCK, 32, cols, prepared + SUMS, INPUT, scratch);
      Simd.storeFloat(out + 4L * r, row(row, cols, prepared, scratch) - below);
    }
  }

  private static float row(long w, int cols, long input, long scales) {
    FloatVector total = FloatVector.zero(F);
    IntVector one = IntVector.broadcast(I, 0x3f800000);
    IntVector mask = IntVector.broadcast(I, 0x1f << 18);
    IntVector fifth = IntVector.broadcast(I, 0x10101010);
    for (int b = 0; b < cols / 256; b++) {
      for (int v = 0; v < GROUPS / 2; v++) {
        long block = w + (long) b * BLOCK & ADDRESS;
        long x = input + (long) b * INPUT.blockBytes() + 2L * v * GROUP & ADDRESS;
        long scale = scales + ((long) b * GROUPS + 2L * v) * BYTES & ADDRESS;
        long low = block + 48 + (long) v * BYTES & ADDRESS;
        IntVector q = IntVector.fromMemorySegment(I, ALL, low, ORDER);
        IntVector t;
        if (LANES == 16) {
          t = IntVector.fromMemorySegment(I, ALL, block + 16, ORDER).rearrange(TWICE);
          t = t.lanewise(LSHR, TWO_ABOVE).lanewise(LSHR, 4 * v);
        } else if (LANES == 8) {
          t = IntVector.fromMemorySegment(I, ALL, block + 16, ORDER).lanewise(LSHR, 2 * v);
        } else {
          long high = block + 16 + (v & 1) * 16 & ADDRESS;
          t = IntVector.fromMemorySegment(I, ALL, high, ORDER).lanewise(LSHR, v & 6);
        }
        IntVector q0 = q.lanewise(XOR, q.lanewise(XOR, t.lanewise(LSHL, 4)).and(fifth));
        IntVector r = q.lanewise(LSHR, 4);
        IntVector q1 = r.lanewise(XOR, r.lanewise(XOR, t.lanewise(LSHL, 3)).and(fifth));
        FloatVector s0 = fromMemorySegment(F, ALL, x, ORDER);
        FloatVector s1 = fromMemorySegment(F, ALL, x + 5 * BYTES, ORDER);
        s0 =
            q0.lanewise(LSHL, 18)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + BYTES, ORDER), s0);
        s0 =
            q0.lanewise(LSHL, 10)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 2 * BYTES, ORDER), s0);
        s0 =
            q0.lanewise(LSHL, 2)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 3 * BYTES, ORDER), s0);
        s0 =
            q0.lanewise(LSHR, 6)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 4 * BYTES, ORDER), s0);
        s1 =
            q1.lanewise(LSHL, 18)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 6 * BYTES, ORDER), s1);
        s1 =
            q1.lanewise(LSHL, 10)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 7 * BYTES, ORDER), s1);
        s1 =
            q1.lanewise(LSHL, 2)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 8 * BYTES, ORDER), s1);
        s1 =
            q1.lanewise(LSHR, 6)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 9 * BYTES, ORDER), s1);
        total = s0.fma(fromMemorySegment(F, ALL, scale, ORDER), total);
        total = s1.fma(fromMemorySegment(F, ALL, scale + BYTES, ORDER), total);
      }
    }
    return total.reduceLanes(VectorOperators.ADD);
  }
}
