package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Simd;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Sums of every {@code group} consecutive values of a vector, for types whose values have an
 * offset: {@code sum x (q - o) = sum x q - o sum x}.
 */
final class Sums implements Preparation {
  static final Sums OF_16 = new Sums(16);
  static final Sums OF_32 = new Sums(32);
  static final Sums OF_256 = new Sums(256);

  private final int group;

  private Sums(int group) {
    this.group = group;
  }

  @Override
  public long bytes(int cols) {
    return (long) cols / group * Float.BYTES;
  }

  @Override
  public void run(long x, int cols, long target) {
    for (int g = 0; g < cols / group; g++) {
      long at = x + (long) g * group * Float.BYTES;
      FloatVector sum = Simd.load(at);
      for (int i = Simd.LANES; i < group; i += Simd.LANES) {
        sum = sum.add(Simd.load(at + (long) i * Float.BYTES));
      }
      Simd.storeFloat(target + (long) g * Float.BYTES, sum.reduceLanes(VectorOperators.ADD));
    }
  }
}
