package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.QuantTables;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** MXFP4: blocks of 32 values: a byte of exponent and 16 bytes of {@link Levels}. */
final class MXFP4Format extends RowFormat {
  static final MXFP4Format INSTANCE = new MXFP4Format();

  private static final int BLOCK = 17;
  private static final Levels LEVELS = new Levels(QuantTables.mxfp4());

  private MXFP4Format() {
    super(GgmlType.MXFP4);
  }

  private static float scale(long block) {
    return QuantTables.mxfp4Scale(Simd.ALL.get(Simd.BYTE, block) & 255);
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 32; b++) {
      long block = Simd.bounded(source + (long) b * BLOCK);
      LEVELS.decode(block + 1, scale(block), Simd.bounded(target + 128L * b));
    }
  }

  @Override
  float row(long w, int cols, long x, long prepared, long scratch) {
    FloatVector sum = FloatVector.zero(Simd.F);
    for (int b = 0; b < cols / 32; b++) {
      long block = Simd.bounded(w + (long) b * BLOCK);
      FloatVector s = LEVELS.product(block + 1, Simd.bounded(x + 128L * b));
      sum = s.fma(FloatVector.broadcast(Simd.F, scale(block)), sum);
    }
    return sum.reduceLanes(VectorOperators.ADD);
  }
}
