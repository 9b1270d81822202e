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
 * Q2_K: super-blocks of 256 values: 16 bytes with a scale (low half) and a minimum (high half) for
 * 16 values each, 64 bytes of 2-bit values, float16 scale of scales and of minima. Value {@code 128
 * h + 32 k + l} is in bits {@code 2 k} of byte {@code 32 h + l}.
 */
final class Q2KFormat extends WeightFormat {
  static final Q2KFormat INSTANCE = new Q2KFormat();

  private static final int BLOCK = 84;

  /** One shift serves two neighbouring fields; the lower one has a factor of 4. */
  private static final Lanes INPUT =
      new Lanes(
          256,
          4,
          16,
          new Lanes.Order() {
            @Override
            public int value(int group, int slot, int lane) {
              int at = (group / 4 * LANES + lane) * 4 + slot;
              return at / 32 * 128 + group % 4 * 32 + at % 32;
            }

            @Override
            public float factor(int group, int slot) {
              return group % 2 == 0 ? 4 : 1;
            }

            @Override
            public float centre(int group, int slot) {
              return 1;
            }
          });

  private static final int GROUPS = 64 / LANES;
  private static final int GROUP = INPUT.groupBytes();
  private static final int SUMS = INPUT.sumsOffset();
  private static final ScalePlane SCALES = new ScalePlane(INPUT, GROUPS, 16);

  private Q2KFormat() {
    super(GgmlType.Q2_K);
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 256; b++) {
      long block = source + (long) b * BLOCK;
      float d = Simd.loadHalf(block + 80);
      float min = Simd.loadHalf(block + 82);
      for (int run = 0; run < 16; run++) {
        int scale = ALL.get(Simd.BYTE, block + run);
        FloatVector dl = FloatVector.broadcast(F, d * (scale & 15));
        FloatVector ml = FloatVector.broadcast(F, min * (scale >> 4 & 15));
        long from = block + 16 + run / 8 * 32 + run % 2 * 16;
        int shift = run / 2 % 4 * 2;
        for (int i = 0; i < 16; i += LANES) {
          IntVector q = Simd.loadUnsignedBytes(from + i & ADDRESS).lanewise(LSHR, shift).and(3);
          Simd.store(
              Simd.toFloat(q).mul(dl).sub(ml), target + 4L * (b * 256 + run * 16 + i) & ADDRESS);
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
      float below = expand(row, cols, prepared, scratch);
      Simd.storeFloat(out + 4L * r, row(row, cols, prepared, scratch) - below);
    }
  }

  /** Spreads a row's scales; returns what the minima take away. */
  private static float expand(long w, int cols, long input, long scales) {
    FloatVector below = FloatVector.zero(F);
    for (int b = 0; b < cols / 256; b++) {
      long block = w + (long) b * BLOCK & ADDRESS;
      long sums = input + (long) b * INPUT.blockBytes() + SUMS;
      long to = scales + (long) b * SCALES.bytes() & ADDRESS;
      float d = 4 * Simd.loadHalf(block + 80);
      float min = Simd.loadHalf(block + 82);
      for (int i = 0; i < 16; i += LANES) {
        IntVector both = Simd.loadUnsignedBytes(block + i & ADDRESS);
        FloatVector m = Simd.toFloat(both.lanewise(LSHR, 4)).mul(min);
        below = m.fma(Simd.load(sums + 4L * i & ADDRESS), below);
        if (LANES == 16) {
          SCALES.spread(Simd.toFloat(both.and(15)).mul(d), to);
        }
      }
      if (LANES < 16) {
        SCALES.nibbles(block, d, to);
      }
    }
    return below.reduceLanes(VectorOperators.ADD);
  }

  private static float row(long w, int cols, long input, long scales) {
    FloatVector total = FloatVector.zero(F);
    IntVector one = IntVector.broadcast(I, 0x3f800000);
    IntVector lower = IntVector.broadcast(I, 3 << 19);
    IntVector upper = IntVector.broadcast(I, 3 << 21);
    for (int b = 0; b < cols / 256; b++) {
      for (int v = 0; v < GROUPS / 4; v++) {
        long x = input + (long) b * INPUT.blockBytes() + 4L * v * GROUP & ADDRESS;
        long scale = scales + ((long) b * GROUPS + 4L * v) * BYTES & ADDRESS;
        long at = w + (long) b * BLOCK + 16 + (long) v * BYTES & ADDRESS;
        IntVector q = IntVector.fromMemorySegment(I, ALL, at, ORDER);
        FloatVector s0 = fromMemorySegment(F, ALL, x, ORDER);
        FloatVector s1 = fromMemorySegment(F, ALL, x + 5 * BYTES, ORDER);
        FloatVector s2 = fromMemorySegment(F, ALL, x + 10 * BYTES, ORDER);
        FloatVector s3 = fromMemorySegment(F, ALL, x + 15 * BYTES, ORDER);
        IntVector a0 = q.lanewise(LSHL, 19);
        IntVector b0 = q.lanewise(LSHL, 15);
        s0 =
            a0.and(lower)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + BYTES, ORDER), s0);
        s1 =
            a0.and(upper)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 6 * BYTES, ORDER), s1);
        s2 =
            b0.and(lower)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 11 * BYTES, ORDER), s2);
        s3 =
            b0.and(upper)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 16 * BYTES, ORDER), s3);
        IntVector a1 = q.lanewise(LSHL, 11);
        IntVector b1 = q.lanewise(LSHL, 7);
        s0 =
            a1.and(lower)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 2 * BYTES, ORDER), s0);
        s1 =
            a1.and(upper)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 7 * BYTES, ORDER), s1);
        s2 =
            b1.and(lower)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 12 * BYTES, ORDER), s2);
        s3 =
            b1.and(upper)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 17 * BYTES, ORDER), s3);
        IntVector a2 = q.lanewise(LSHL, 3);
        IntVector b2 = q.lanewise(LSHR, 1);
        s0 =
            a2.and(lower)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 3 * BYTES, ORDER), s0);
        s1 =
            a2.and(upper)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 8 * BYTES, ORDER), s1);
        s2 =
            b2.and(lower)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 13 * BYTES, ORDER), s2);
        s3 =
            b2.and(upper)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 18 * BYTES, ORDER), s3);
        IntVector a3 = q.lanewise(LSHR, 5);
        IntVector b3 = q.lanewise(LSHR, 9);
        s0 =
            a3.and(lower)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 4 * BYTES, ORDER), s0);
        s1 =
            a3.and(upper)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 9 * BYTES, ORDER), s1);
        s2 =
            b3.and(lower)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 14 * BYTES, ORDER), s2);
        s3 =
            b3.and(upper)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 19 * BYTES, ORDER), s3);
        total = s0.fma(fromMemorySegment(F, ALL, scale, ORDER), total);
        total = s1.fma(fromMemorySegment(F, ALL, scale + BYTES, ORDER), total);
        total = s2.fma(fromMemorySegment(F, ALL, scale + 2 * BYTES, ORDER), total);
        total = s3.fma(fromMemorySegment(F, ALL, scale + 3 * BYTES, ORDER), total);
      }
    }
    return total.reduceLanes(VectorOperators.ADD);
  }
}
