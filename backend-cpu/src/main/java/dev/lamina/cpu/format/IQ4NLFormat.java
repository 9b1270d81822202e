package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.QuantTables;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** IQ4_NL: blocks of 32 values: a float16 scale and 16 bytes of {@link Levels}. */
final class IQ4NLFormat extends RowFormat {
  static final IQ4NLFormat INSTANCE = new IQ4NLFormat();

  private static final int BLOCK = 18;
  private static final Levels LEVELS = new Levels(QuantTables.iq4nl());

  private IQ4NLFormat() {
    super(GgmlType.IQ4_NL);
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 32; b++) {
      long block = Simd.bounded(source + (long) b * BLOCK);
      LEVELS.decode(block + 2, Simd.loadHalf(block), Simd.bounded(target + 128L * b));
    }
  }

  @Override
  float row(long w, int cols, long x, long prepared, long scratch) {
    FloatVector sum = FloatVector.zero(Simd.F);
    for (int b = 0; b < cols / 32; b++) {
      long block = Simd.bounded(w + (long) b * BLOCK);
      FloatVector s = LEVELS.product(block + 2, Simd.bounded(x + 128L * b));
      sum = s.fma(FloatVector.broadcast(Simd.F, Simd.loadHalf(block)), sum);
    }
    return sum.reduceLanes(VectorOperators.ADD);
  }
}
