package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.QuantTables;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * IQ4_XS: super-blocks of 256 values: a float16 scale; for each run of 32 values 2 high bits of a
 * scale (in a word), then 4 low bits (in 4 bytes), 32 to be taken away; 16 bytes of {@link Levels}
 * for each run.
 */
final class IQ4XSFormat extends RowFormat {
  static final IQ4XSFormat INSTANCE = new IQ4XSFormat();

  private static final int BLOCK = 136;
  private static final Levels LEVELS = new Levels(QuantTables.iq4nl());

  private IQ4XSFormat() {
    super(GgmlType.IQ4_XS);
  }

  /** The 8 scales in 8 bytes. */
  private static long scales(long block) {
    long high = Simd.ALL.get(Simd.SHORT, block + 2) & 0xffffL;
    long low = Simd.ALL.get(Simd.INT, block + 4) & 0xffff_ffffL;
    high = (high | high << 24) & 0x0000_00ff_0000_00ffL;
    high = (high | high << 12) & 0x000f_000f_000f_000fL;
    high = (high | high << 6) & 0x0303_0303_0303_0303L;
    low = (low | low << 16) & 0x0000_ffff_0000_ffffL;
    low = (low | low << 8) & 0x00ff_00ff_00ff_00ffL;
    low = (low | low << 4) & 0x0f0f_0f0f_0f0f_0f0fL;
    return low | high << 4;
  }

  private static int scale(long scales, int run) {
    return (int) (scales >>> 8 * run & 63) - 32;
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 256; b++) {
      long block = Simd.bounded(source + (long) b * BLOCK);
      long to = Simd.bounded(target + 1024L * b);
      float d = Simd.loadHalf(block);
      long scales = scales(block);
      for (int run = 0; run < 8; run++) {
        LEVELS.decode(block + 8 + 16 * run, d * scale(scales, run), to + 128 * run);
      }
    }
  }

  /** Writes the scale of every run of a row, as a float. */
  private static void expand(long w, int cols, long scratch) {
    FloatVector centre = FloatVector.broadcast(Simd.F, 32f);
    for (int b = 0; b < cols / 256; b++) {
      long block = Simd.bounded(w + (long) b * BLOCK);
      long to = Simd.bounded(scratch + 32L * b);
      FloatVector d = FloatVector.broadcast(Simd.F, Simd.loadHalf(block));
      long scales = scales(block);
      // with 16 lanes the second half is the next block's place
      Simd.store(Simd.bytesOf(scales).sub(centre).mul(d), to);
      if (Simd.LANES == 4) {
        Simd.store(Simd.bytesOf(scales >>> 32).sub(centre).mul(d), to + 16);
      }
    }
  }

  @Override
  float row(long w, int cols, long x, long prepared, long scratch) {
    expand(w, cols, scratch);
    FloatVector sum = FloatVector.zero(Simd.F);
    for (int run = 0; run < cols / 32; run++) {
      long from = Simd.bounded(w + (long) (run >> 3) * BLOCK + 8 + 16 * (run & 7));
      FloatVector s = LEVELS.product(from, Simd.bounded(x + 128L * run));
      float scale = Simd.loadFloat(Simd.bounded(scratch + 4L * run));
      sum = s.fma(FloatVector.broadcast(Simd.F, scale), sum);
    }
    return sum.reduceLanes(VectorOperators.ADD);
  }
}
