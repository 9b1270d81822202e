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

  /** Groups by 4 lanes' bytes of low bits, the low halves and the high halves. */
  private static final Lanes INPUT =
      new Lanes(
          256,
          4,
          0,
          new Lanes.Order() {
            @Override
            public int value(int group, int slot, int lane) {
              int at = (group / 2 * LANES + lane) * 4 + slot;
              return at / 64 * 128 + group % 2 * 64 + at % 64;
            }

            @Override
            public float factor(int group, int slot) {
              return 1;
            }

            @Override
            public float centre(int group, int slot) {
              return 1.5f;
            }
          });

  private static final int GROUPS = 64 / LANES;
  private static final int GROUP = INPUT.groupBytes();
  private static final ScalePlane SCALES = new ScalePlane(INPUT, GROUPS, 16);

  /** With 16 lanes a vector of low bits holds values whose high bits lie in the same 8 lanes. */
  private static final VectorShuffle<Integer> FIRST = VectorShuffle.fromOp(I, i -> i % 8);

  private static final VectorShuffle<Integer> SECOND =
      VectorShuffle.fromOp(I, i -> Math.min(8 + i % 8, LANES - 1));
  private static final IntVector TWO_ABOVE =
      IntVector.zero(I).addIndex(1).lanewise(LSHR, 3).lanewise(LSHL, 1);

  @Override
  public Preparation preparation() {
    return INPUT;
  }

  @Override
  public void matVec(
      long w, long rowBytes, int rows, int cols, long x, long prepared, long scratch, long out) {
    for (int r = 0; r < rows; r++) {
      long row = w + r * rowBytes;
      expand(row, cols, scratch);
      Simd.storeFloat(out + 4L * r, row(row, cols, prepared, scratch));
    }
  }

  private static void expand(long w, int cols, long scales) {
    for (int b = 0; b < cols / 256; b++) {
      long block = w + (long) b * BLOCK & ADDRESS;
      SCALES.signedBytes(
          block + 192, 64 * Simd.loadHalf(block + 208), scales + (long) b * GROUPS * BYTES);
    }
  }

  private static float row(long w, int cols, long input, long scales) {
    FloatVector total = FloatVector.zero(F);
    IntVector one = IntVector.broadcast(I, 0x3f800000);
    IntVector mask = IntVector.broadcast(I, 0x3f << 17);
    IntVector above = IntVector.broadcast(I, 0x30303030);
    for (int b = 0; b < cols / 256; b++) {
      for (int v = 0; v < GROUPS / 2; v++) {
        long block = w + (long) b * BLOCK & ADDRESS;
        long x = input + (long) b * INPUT.blockBytes() + 2L * v * GROUP & ADDRESS;
        long scale = scales + ((long) b * GROUPS + 2L * v) * BYTES & ADDRESS;
        long low = block + (long) v * BYTES & ADDRESS;
        IntVector q = IntVector.fromMemorySegment(I, ALL, low, ORDER);
        IntVector t;
        if (LANES == 16) {
          t = IntVector.fromMemorySegment(I, ALL, block + 128, ORDER);
          t = v == 0 ? t.rearrange(FIRST) : t.rearrange(SECOND);
          t = t.lanewise(LSHR, TWO_ABOVE);
        } else if (LANES == 8) {
          long high = block + 128 + (v >> 1) * 32 & ADDRESS;
          t = IntVector.fromMemorySegment(I, ALL, high, ORDER).lanewise(LSHR, 2 * (v & 1));
        } else {
          long high = block + 128 + (v >> 2) * 32 + (v & 1) * 16 & ADDRESS;
          t = IntVector.fromMemorySegment(I, ALL, high, ORDER).lanewise(LSHR, v & 2);
        }
        // bits 4 and 5 of each byte from the high bits, what lies above them is masked later
        IntVector q0 = q.lanewise(XOR, q.lanewise(XOR, t.lanewise(LSHL, 4)).and(above));
        IntVector r = q.lanewise(LSHR, 4);
        IntVector q1 = r.lanewise(XOR, r.lanewise(XOR, t).and(above));
        FloatVector s0 = fromMemorySegment(F, ALL, x, ORDER);
        FloatVector s1 = fromMemorySegment(F, ALL, x + 5 * BYTES, ORDER);
        s0 =
            q0.lanewise(LSHL, 17)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + BYTES, ORDER), s0);
        s0 =
            q0.lanewise(LSHL, 9)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 2 * BYTES, ORDER), s0);
        s0 =
            q0.lanewise(LSHL, 1)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 3 * BYTES, ORDER), s0);
        s0 =
            q0.lanewise(LSHR, 7)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 4 * BYTES, ORDER), s0);
        s1 =
            q1.lanewise(LSHL, 17)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 6 * BYTES, ORDER), s1);
        s1 =
            q1.lanewise(LSHL, 9)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 7 * BYTES, ORDER), s1);
        s1 =
            q1.lanewise(LSHL, 1)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 8 * BYTES, ORDER), s1);
        s1 =
            q1.lanewise(LSHR, 7)
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
