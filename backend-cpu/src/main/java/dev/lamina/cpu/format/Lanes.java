package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Simd;
import jdk.incubator.vector.FloatVector;

/**
 * A preparation for types that are read as 32-bit words: lane {@code j} of a vector of words holds
 * the bytes {@code 4 j} to {@code 4 j + 3}, so that a field of every fourth byte comes out of one
 * shift. The input is brought into the same order beforehand.
 *
 * <p>A field of {@code b} bits is used as the top of a float's mantissa: with the exponent of 1 it
 * reads {@code f = 1 + n / 2^b}, without a conversion. {@code sum x (f - c)} is then the wanted sum
 * of {@code x (n - 2^b (c - 1)) / 2^b}: the part without {@code f} is computed here, once, and is
 * what the kernels' accumulators begin with.
 *
 * <p>The result is a run of groups for each block: a vector of beginnings, then the group's vectors
 * of input.
 */
final class Lanes implements Preparation {
  /** Which value of a block stands where, and how it is weighed. */
  interface Order {
    /** The value (from 0, in the block) in a lane of a slot of a group. */
    int value(int group, int slot, int lane);

    /** The power of two by which a slot's input is multiplied. */
    float factor(int group, int slot);

    /** The {@code c} of a slot. */
    float centre(int group, int slot);
  }

  private final int block;
  private final int groups;
  private final int slots;
  private final int[] source;
  private final float[] factors;
  private final float[] centres;
  private final int sumsOf;

  /**
   * @param block values of a block
   * @param slots vectors of input in a group
   * @param sumsOf 0, or the length of the runs of values whose sums follow the groups of a block
   */
  Lanes(int block, int slots, int sumsOf, Order order) {
    this.block = block;
    this.slots = slots;
    this.groups = block / (slots * Simd.LANES);
    this.sumsOf = sumsOf;
    source = new int[block];
    factors = new float[groups * slots];
    centres = new float[groups * slots];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = order.factor(i / slots, i % slots);
      centres[i] = order.centre(i / slots, i % slots);
    }
    for (int i = 0; i < block; i++) {
      int vector = i / Simd.LANES;
      source[i] = 4 * order.value(vector / slots, vector % slots, i % Simd.LANES);
    }
  }

  int block() {
    return block;
  }

  /** The value (in its block) in a lane of a group's first slot. */
  int firstValue(int group, int lane) {
    return source[group * slots * Simd.LANES + lane] / 4;
  }

  /** Bytes of a group. */
  int groupBytes() {
    return (slots + 1) * Simd.BYTES;
  }

  /** Bytes from the start of a block to its sums. */
  int sumsOffset() {
    return groups * groupBytes();
  }

  /** Bytes of a block: groups and sums, the latter filled up with zeros to whole vectors. */
  int blockBytes() {
    return sumsOffset() + sumsBytes();
  }

  private int sumsBytes() {
    return sumsOf == 0 ? 0 : Math.max(Simd.BYTES, 4 * block / sumsOf);
  }

  @Override
  public long bytes(int cols) {
    return (long) cols / block * blockBytes();
  }

  @Override
  public void run(long x, int cols, long target) {
    for (int b = 0; b < cols / block; b++) {
      long from = x + 4L * b * block;
      long to = target + (long) b * blockBytes();
      for (int g = 0; g < groups; g++) {
        group(from, g * slots, to + (long) g * groupBytes());
      }
      if (sumsOf > 0) {
        Simd.zero(to + sumsOffset(), sumsBytes());
        (sumsOf == 16 ? Sums.OF_16 : Sums.OF_32).run(from, block, to + sumsOffset());
      }
    }
  }

  private void group(long x, int first, long to) {
    FloatVector begin = FloatVector.zero(Simd.F);
    for (int s = 0; s < slots; s++) {
      int v = first + s;
      long at = to + (long) (s + 1) * Simd.BYTES;
      float factor = factors[v];
      for (int j = 0; j < Simd.LANES; j++) {
        Simd.storeFloat(at + 4L * j, factor * Simd.loadFloat(x + source[v * Simd.LANES + j]));
      }
      begin = begin.sub(Simd.load(at).mul(centres[v]));
    }
    Simd.store(begin, to);
  }
}
