package dev.lamina.cpu.format;

import static dev.lamina.cpu.simd.Simd.BYTES;
import static dev.lamina.cpu.simd.Simd.LANES;
import static dev.lamina.cpu.simd.Simd.bounded;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * TQ2_0: super-blocks of 256 values of -1, 0 or 1: 64 bytes of 2-bit values, 1 to be taken away,
 * and a float16 scale. Value {@code 128 h + 32 k + l} is in bits {@code 2 k} of byte {@code 32 h +
 * l}.
 */
final class TQ2Format extends RowFormat {
  static final TQ2Format INSTANCE = new TQ2Format();

  private static final int BLOCK = 66;

  /** One shift serves two neighbouring fields; the lower one has a factor of 4. */
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
              return group % 2 == 0 ? 4 : 1;
            }

            @Override
            public float centre(int group, int slot) {
              return group % 2 == 0 ? 1 + 1 / 16f : 1 + 1 / 4f;
            }
          });

  private static final int GROUP = INPUT.groupBytes();

  private TQ2Format() {
    super(GgmlType.TQ2_0);
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 256; b++) {
      long block = bounded(source + (long) b * BLOCK);
      FloatVector d = FloatVector.broadcast(Simd.F, Simd.loadHalf(block + 64));
      for (int half = 0; half < 2; half++) {
        for (int i = 0; i < 32; i += LANES) {
          IntVector q = Simd.loadUnsignedBytes(block + 32 * half + i);
          long to = bounded(target + 4L * (b * 256 + half * 128 + i));
          Simd.store(Simd.toFloat(q.and(3).sub(1)).mul(d), to);
          Simd.store(Simd.toFloat(q.lanewise(LSHR, 2).and(3).sub(1)).mul(d), to + 128);
          Simd.store(Simd.toFloat(q.lanewise(LSHR, 4).and(3).sub(1)).mul(d), to + 256);
          Simd.store(Simd.toFloat(q.lanewise(LSHR, 6).sub(1)).mul(d), to + 384);
        }
      }
    }
  }

  @Override
  public Preparation preparation() {
    return INPUT;
  }

  @Override
  float row(long w, int cols, long x, long prepared, long scratch) {
    FloatVector total = FloatVector.zero(Simd.F);
    for (int b = 0; b < cols / 256; b++) {
      long block = bounded(w + (long) b * BLOCK);
      FloatVector sum = FloatVector.zero(Simd.F);
      for (int v = 0; v < 16 / LANES; v++) {
        IntVector q = Simd.loadInts(bounded(block + v * BYTES));
        long from = bounded(prepared + (long) b * INPUT.blockBytes() + 4L * v * GROUP);
        FloatVector s0 = Simd.load(from);
        FloatVector s1 = Simd.load(from + GROUP);
        FloatVector s2 = Simd.load(from + 2 * GROUP);
        FloatVector s3 = Simd.load(from + 3 * GROUP);
        // one byte of each word after the other; written out, this is too much for the compiler
        for (int i = 1; i <= 4; i++) {
          long at = bounded(from + i * BYTES);
          IntVector low = q.lanewise(LSHL, 19);
          IntVector high = q.lanewise(LSHL, 15);
          s0 = lower(low).fma(Simd.load(at), s0);
          s1 = upper(low).fma(Simd.load(at + GROUP), s1);
          s2 = lower(high).fma(Simd.load(at + 2 * GROUP), s2);
          s3 = upper(high).fma(Simd.load(at + 3 * GROUP), s3);
          q = q.lanewise(LSHR, 8);
        }
        sum = s0.add(s1).add(s2.add(s3)).add(sum);
      }
      total = sum.fma(FloatVector.broadcast(Simd.F, 4 * Simd.loadHalf(block + 64)), total);
    }
    return total.reduceLanes(VectorOperators.ADD);
  }

  /** 1 + q / 16. */
  private static FloatVector lower(IntVector q) {
    return q.and(3 << 19).or(0x3f800000).reinterpretAsFloats();
  }

  /** 1 + q / 4. */
  private static FloatVector upper(IntVector q) {
    return q.and(3 << 21).or(0x3f800000).reinterpretAsFloats();
  }
}
