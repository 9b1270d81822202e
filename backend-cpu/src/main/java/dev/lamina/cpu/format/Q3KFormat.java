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
 * Q3_K: super-blocks of 256 values: 32 bytes of third bits, 64 bytes of the lower two as in Q2_K,
 * 16 scales of 6 bits in 12 bytes, a float16 scale of scales. The third bit of value {@code 128 h +
 * 32 k + l} is bit {@code 4 h + k} of byte {@code l}; where it is not set, 4 is taken away.
 */
final class Q3KFormat extends WeightFormat {
  static final Q3KFormat INSTANCE = new Q3KFormat();

  private static final int BLOCK = 110;

  private static final Lanes INPUT =
      new Lanes(
          256,
          4,
          0,
          new Lanes.Order() {
            @Override
            public int value(int group, int slot, int lane) {
              int at = (group / 4 * LANES + lane) * 4 + slot;
              return at / 32 * 128 + group % 4 * 32 + at % 32;
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

  /** With 16 lanes a vector holds both halves of a block, which share 8 lanes of third bits. */
  private static final VectorShuffle<Integer> TWICE = VectorShuffle.fromOp(I, i -> i % 8);

  private static final IntVector FOUR_ABOVE =
      IntVector.zero(I).addIndex(1).lanewise(LSHR, 3).lanewise(LSHL, 2);

  private Q3KFormat() {
    super(GgmlType.Q3_K);
  }

  /**
   * Scale {@code j}, minus 32: its low 4 bits are in bytes 0-7 (low halves for the first eight),
   * its high 2 in bits {@code 2 (j / 4)} of byte {@code 8 + j % 4}.
   */
  private static int scale(long at, int j) {
    int low = ALL.get(Simd.BYTE, at + j % 8) >> (j < 8 ? 0 : 4) & 15;
    int high = ALL.get(Simd.BYTE, at + 8 + j % 4) >> j / 4 * 2 & 3;
    return (low | high << 4) - 32;
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 256; b++) {
      long block = source + (long) b * BLOCK;
      float d = Simd.loadHalf(block + 108);
      for (int run = 0; run < 16; run++) {
        FloatVector dl = FloatVector.broadcast(F, d * scale(block + 96, run));
        long from = block + 32 + run / 8 * 32 + run % 2 * 16;
        long third = block + run % 2 * 16;
        int shift = run / 2 % 4 * 2;
        int bit = run / 2;
        for (int i = 0; i < 16; i += LANES) {
          IntVector q = Simd.loadUnsignedBytes(from + i & ADDRESS).lanewise(LSHR, shift).and(3);
          IntVector h = Simd.loadUnsignedBytes(third + i & ADDRESS).lanewise(LSHR, bit).and(1);
          IntVector value = q.sub(4).add(h.lanewise(LSHL, 2));
          Simd.store(Simd.toFloat(value).mul(dl), target + 4L * (b * 256 + run * 16 + i) & ADDRESS);
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
      expand(row, cols, scratch);
      Simd.storeFloat(out + 4L * r, row(row, cols, prepared, scratch));
    }
  }

  /** Spreads a row's scales. Unpacked as bytes of two longs, as {@link #scale} says. */
  private static void expand(long w, int cols, long scales) {
    long bytes = scales + (long) (cols / 256) * SCALES.bytes();
    for (int b = 0; b < cols / 256; b++) {
      long block = w + (long) b * BLOCK & ADDRESS;
      long halves = ALL.get(Simd.LONG, block + 96);
      long tops = ALL.get(Simd.INT, block + 104) & 0xffffffffL;
      long first = tops & 0x03030303L | (tops & 0x0c0c0c0cL) << 30;
      long second = tops >>> 4 & 0x03030303L | (tops >>> 4 & 0x0c0c0c0cL) << 30;
      long low = minus32(halves & 0x0f0f0f0f0f0f0f0fL | first << 4);
      long high = minus32(halves >>> 4 & 0x0f0f0f0f0f0f0f0fL | second << 4);
      ALL.set(Simd.LONG, bytes, low);
      ALL.set(Simd.LONG, bytes + 8, high);
      SCALES.signedBytes(
          bytes, 8 * Simd.loadHalf(block + 108), scales + (long) b * SCALES.bytes() & ADDRESS);
    }
  }

  /** Takes 32 from each byte of 6 bits: bit 5 turns over, and bits 6 and 7 are what it then is. */
  private static long minus32(long bytes) {
    long turned = bytes ^ 0x2020202020202020L;
    long sign = turned & 0x2020202020202020L;
    return turned | sign << 1 | sign << 2;
  }

  private static float row(long w, int cols, long input, long scales) {
    FloatVector total = FloatVector.zero(F);
    IntVector one = IntVector.broadcast(I, 0x3f800000);
    IntVector mask = IntVector.broadcast(I, 7 << 20);
    IntVector third = IntVector.broadcast(I, 0x04040404);
    for (int b = 0; b < cols / 256; b++) {
      for (int v = 0; v < GROUPS / 4; v++) {
        long block = w + (long) b * BLOCK & ADDRESS;
        long x = input + (long) b * INPUT.blockBytes() + 4L * v * GROUP & ADDRESS;
        long scale = scales + ((long) b * GROUPS + 4L * v) * BYTES & ADDRESS;
        IntVector t;
        if (LANES == 16) {
          t = IntVector.fromMemorySegment(I, ALL, block, ORDER).rearrange(TWICE);
          t = t.lanewise(LSHR, FOUR_ABOVE);
        } else if (LANES == 8) {
          t = IntVector.fromMemorySegment(I, ALL, block, ORDER).lanewise(LSHR, 4 * v);
        } else {
          long high = block + (v & 1) * 16 & ADDRESS;
          t = IntVector.fromMemorySegment(I, ALL, high, ORDER).lanewise(LSHR, 4 * (v >> 1));
        }
        long at = block + 32 + (long) v * BYTES & ADDRESS;
        IntVector q = IntVector.fromMemorySegment(I, ALL, at, ORDER);
        IntVector r0 = q;
        IntVector q0 = r0.lanewise(XOR, r0.lanewise(XOR, t.lanewise(LSHL, 2)).and(third));
        FloatVector s0 = fromMemorySegment(F, ALL, x, ORDER);
        s0 =
            q0.lanewise(LSHL, 20)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + BYTES, ORDER), s0);
        s0 =
            q0.lanewise(LSHL, 12)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 2 * BYTES, ORDER), s0);
        s0 =
            q0.lanewise(LSHL, 4)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 3 * BYTES, ORDER), s0);
        s0 =
            q0.lanewise(LSHR, 4)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 4 * BYTES, ORDER), s0);
        total = s0.fma(fromMemorySegment(F, ALL, scale, ORDER), total);
        IntVector r1 = q.lanewise(LSHR, 2);
        IntVector q1 = r1.lanewise(XOR, r1.lanewise(XOR, t.lanewise(LSHL, 1)).and(third));
        FloatVector s1 = fromMemorySegment(F, ALL, x + 5 * BYTES, ORDER);
        s1 =
            q1.lanewise(LSHL, 20)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 6 * BYTES, ORDER), s1);
        s1 =
            q1.lanewise(LSHL, 12)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 7 * BYTES, ORDER), s1);
        s1 =
            q1.lanewise(LSHL, 4)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 8 * BYTES, ORDER), s1);
        s1 =
            q1.lanewise(LSHR, 4)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 9 * BYTES, ORDER), s1);
        total = s1.fma(fromMemorySegment(F, ALL, scale + BYTES, ORDER), total);
        IntVector r2 = q.lanewise(LSHR, 4);
        IntVector q2 = r2.lanewise(XOR, r2.lanewise(XOR, t).and(third));
        FloatVector s2 = fromMemorySegment(F, ALL, x + 10 * BYTES, ORDER);
        s2 =
            q2.lanewise(LSHL, 20)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 11 * BYTES, ORDER), s2);
        s2 =
            q2.lanewise(LSHL, 12)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 12 * BYTES, ORDER), s2);
        s2 =
            q2.lanewise(LSHL, 4)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 13 * BYTES, ORDER), s2);
        s2 =
            q2.lanewise(LSHR, 4)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 14 * BYTES, ORDER), s2);
        total = s2.fma(fromMemorySegment(F, ALL, scale + 2 * BYTES, ORDER), total);
        IntVector r3 = q.lanewise(LSHR, 6);
        IntVector q3 = r3.lanewise(XOR, r3.lanewise(XOR, t.lanewise(LSHR, 1)).and(third));
        FloatVector s3 = fromMemorySegment(F, ALL, x + 15 * BYTES, ORDER);
        s3 =
            q3.lanewise(LSHL, 20)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 16 * BYTES, ORDER), s3);
        s3 =
            q3.lanewise(LSHL, 12)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 17 * BYTES, ORDER), s3);
        s3 =
            q3.lanewise(LSHL, 4)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 18 * BYTES, ORDER), s3);
        s3 =
            q3.lanewise(LSHR, 4)
                .and(mask)
                .or(one)
                .reinterpretAsFloats()
                .fma(fromMemorySegment(F, ALL, x + 19 * BYTES, ORDER), s3);
        total = s3.fma(fromMemorySegment(F, ALL, scale + 3 * BYTES, ORDER), total);
      }
    }
    return total.reduceLanes(VectorOperators.ADD);
  }
}
