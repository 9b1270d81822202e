package dev.lamina.cpu.format;

import static dev.lamina.cpu.simd.Simd.ADDRESS;
import static dev.lamina.cpu.simd.Simd.ALL;
import static dev.lamina.cpu.simd.Simd.BYTES;
import static dev.lamina.cpu.simd.Simd.F;
import static dev.lamina.cpu.simd.Simd.FLOAT;
import static dev.lamina.cpu.simd.Simd.I;
import static dev.lamina.cpu.simd.Simd.LANES;
import static dev.lamina.cpu.simd.Simd.ORDER;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import dev.lamina.cpu.simd.Gemm;
import dev.lamina.cpu.simd.Simd;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Q4_0 with the blocks of as many rows as there are lanes side by side: first their scales, then
 * four times a word of four bytes of each. A lane is a row: scales are converted for all rows at
 * once, the input is broadcast, and no sum over lanes is left at the end. Takes as many bytes as
 * the rows did.
 */
public final class InterleavedQ4 {
  private static final int BLOCK = 18;

  /** Floats that the preparation makes of a block: the beginning of the sum, then the input. */
  private static final int BLOCK_INPUT = 33;

  private InterleavedQ4() {}

  /** Whether a matrix can be brought into this layout. */
  public static boolean fits(int rows) {
    return rows % LANES == 0;
  }

  /** Bytes of a group of {@link Simd#LANES} rows. */
  public static long groupBytes(int cols) {
    return (long) cols / 32 * BLOCK * LANES;
  }

  /**
   * Brings one group of rows from ggml's layout into this one. By way of arrays, whose plain loops
   * are fast even before the JIT compiler has come to them: a model is loaded only once.
   *
   * @param from address of {@link #groupBytes} bytes
   * @param buffers two arrays of that length, for this thread
   */
  public static void repack(long from, int cols, byte[][] buffers, long target) {
    byte[] rows = buffers[0];
    byte[] group = buffers[1];
    MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, from, rows, 0, rows.length);
    int blocks = cols / 32;
    for (int r = 0; r < LANES; r++) {
      for (int b = 0; b < blocks; b++) {
        int in = (r * blocks + b) * BLOCK;
        int out = b * BLOCK * LANES;
        int scale = out + 2 * r;
        group[scale] = rows[in];
        group[scale + 1] = rows[in + 1];
        int word = out + 2 * LANES + 4 * r;
        for (int i = in + 2; i < in + BLOCK; i += 4) {
          group[word] = rows[i];
          group[word + 1] = rows[i + 1];
          group[word + 2] = rows[i + 2];
          group[word + 3] = rows[i + 3];
          word += BYTES;
        }
      }
    }
    MemorySegment.copy(group, 0, ALL, ValueLayout.JAVA_BYTE, target, group.length);
  }

  /** What {@link #repack} works in. */
  public static byte[][] buffers(int cols) {
    return new byte[2][Math.toIntExact(groupBytes(cols))];
  }

  /**
   * The input in the order of use, by the bytes of a block: the value of the low half, that of the
   * high one; and before them what takes 8 away from all, with halves as mantissas (see {@link
   * Lanes}).
   */
  public static final Preparation INPUT =
      new Preparation() {
        @Override
        public long bytes(int cols) {
          return (long) cols / 32 * BLOCK_INPUT * Float.BYTES;
        }

        @Override
        public void run(long x, int cols, long target) {
          for (int b = 0; b < cols / 32; b++) {
            long from = x + 128L * b;
            long to = target + (long) b * BLOCK_INPUT * Float.BYTES;
            float begin = 0;
            for (int i = 0; i < 16; i++) {
              float low = Simd.loadFloat(from + 4L * i);
              float high = Simd.loadFloat(from + 64 + 4L * i);
              Simd.storeFloat(to + 4 + 8L * i, low);
              Simd.storeFloat(to + 8 + 8L * i, high);
              begin -= 1.5f * (low + high);
            }
            Simd.storeFloat(to, begin);
          }
        }
      };

  /**
   * Products of a group's rows with one vector.
   *
   * @param prepared what {@link #INPUT} wrote
   * @param out address of {@link Simd#LANES} floats
   */
  public static void matVec(long group, int cols, long prepared, long out) {
    FloatVector total = FloatVector.zero(F);
    IntVector one = IntVector.broadcast(I, 0x3f800000);
    IntVector mask = IntVector.broadcast(I, 0xf << 19);
    for (int b = 0; b < cols / 32; b++) {
      long block = group + (long) b * BLOCK * LANES & ADDRESS;
      long input = prepared + (long) b * BLOCK_INPUT * Float.BYTES & ADDRESS;
      FloatVector d = Simd.loadF16(block);
      FloatVector low = broadcast(F, ALL.get(FLOAT, input));
      FloatVector high = FloatVector.zero(F);
      for (int w = 0; w < 4; w++) {
        long x = input + 32L * w & ADDRESS;
        long at = block + 2L * LANES + (long) w * BYTES & ADDRESS;
        IntVector q = IntVector.fromMemorySegment(I, ALL, at, ORDER);
        FloatVector x0 = broadcast(F, ALL.get(FLOAT, x + 4));
        low = q.lanewise(LSHL, 19).and(mask).or(one).reinterpretAsFloats().fma(x0, low);
        FloatVector x1 = broadcast(F, ALL.get(FLOAT, x + 8));
        high = q.lanewise(LSHL, 15).and(mask).or(one).reinterpretAsFloats().fma(x1, high);
        FloatVector x2 = broadcast(F, ALL.get(FLOAT, x + 12));
        low = q.lanewise(LSHL, 11).and(mask).or(one).reinterpretAsFloats().fma(x2, low);
        FloatVector x3 = broadcast(F, ALL.get(FLOAT, x + 16));
        high = q.lanewise(LSHL, 7).and(mask).or(one).reinterpretAsFloats().fma(x3, high);
        FloatVector x4 = broadcast(F, ALL.get(FLOAT, x + 20));
        low = q.lanewise(LSHL, 3).and(mask).or(one).reinterpretAsFloats().fma(x4, low);
        FloatVector x5 = broadcast(F, ALL.get(FLOAT, x + 24));
        high = q.lanewise(LSHR, 1).and(mask).or(one).reinterpretAsFloats().fma(x5, high);
        FloatVector x6 = broadcast(F, ALL.get(FLOAT, x + 28));
        low = q.lanewise(LSHR, 5).and(mask).or(one).reinterpretAsFloats().fma(x6, low);
        FloatVector x7 = broadcast(F, ALL.get(FLOAT, x + 32));
        high = q.lanewise(LSHR, 9).and(mask).or(one).reinterpretAsFloats().fma(x7, high);
      }
      total = low.add(high).fma(d, total);
    }
    total.mul(16f).intoMemorySegment(ALL, out & ADDRESS, ORDER);
  }

  /**
   * Decodes columns of some groups to {@code [column][Gemm.COLS rows]} floats, bit for bit as the
   * rows would be.
   *
   * @param groups address of the first group
   * @param count groups, at most {@code Gemm.COLS / LANES}
   * @param from first column, a multiple of 32
   * @param depth columns, a multiple of 32
   */
  public static void decode(long groups, int count, int cols, int from, int depth, long target) {
    long step = 4L * Gemm.COLS;
    for (int g = 0; g < count; g++) {
      long first = groups + g * groupBytes(cols) + (long) from / 32 * BLOCK * LANES;
      for (int b = 0; b < depth / 32; b++) {
        long block = first + (long) b * BLOCK * LANES & ADDRESS;
        FloatVector d = Simd.loadF16(block);
        for (int w = 0; w < 4; w++) {
          long at = block + 2L * LANES + (long) w * BYTES & ADDRESS;
          long to = target + (32L * b + 4 * w) * step + (long) g * BYTES & ADDRESS;
          IntVector q = IntVector.fromMemorySegment(I, ALL, at, ORDER);
          for (int k = 0; k < 4; k++) {
            IntVector byteOf = q.lanewise(LSHR, 8 * k);
            Simd.store(Simd.toFloat(byteOf.and(15).sub(8)).mul(d), to + k * step & ADDRESS);
            Simd.store(
                Simd.toFloat(byteOf.lanewise(LSHR, 4).and(15).sub(8)).mul(d),
                to + (16 + k) * step & ADDRESS);
          }
        }
      }
    }
  }
}
