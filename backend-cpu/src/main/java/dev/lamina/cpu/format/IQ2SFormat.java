package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.QuantTables;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * IQ2_S: super-blocks of 256 values: a float16 scale; for each 8 values the low byte of the number
 * of a vector of the grid, then for each a byte of signs, then 2 high bits of the number; at last 4
 * bits of scale for each 16 values.
 */
final class IQ2SFormat extends PairedFormat {
  static final IQ2SFormat INSTANCE = new IQ2SFormat();

  private static final int BLOCK = 82;
  private static final long GRID = Grid.table(QuantTables.iq2s(), 0);

  /** What 4 bits of scale stand for. */
  private static final long SCALES = Grid.scales(16, s -> (0.5 + s) / 4);

  private IQ2SFormat() {
    super(GgmlType.IQ2_S);
  }

  /** Values {@code h} to {@code h + LANES} of vector {@code l} of a run, scales apart. */
  private static FloatVector values(long block, int run, int l, int h) {
    long low = Simd.ALL.get(Simd.INT, block + 2 + 4 * run);
    long high = Simd.ALL.get(Simd.BYTE, block + 66 + run);
    long signs = Simd.ALL.get(Simd.INT, block + 34 + 4 * run);
    long entry = Grid.entry(low, 8 * l, 8) | Grid.entry(high, 2 * l, 2) << 8;
    return Grid.load(GRID, entry, Grid.SIGNS, Grid.entry(signs, 8 * l, 8), h);
  }

  private static long scale(long block, int run, int half) {
    return Simd.ALL.get(Simd.BYTE, block + 74 + run) >>> 4 * half & 15;
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 256; b++) {
      long block = Simd.bounded(source + (long) b * BLOCK);
      long to = Simd.bounded(target + 1024L * b);
      float d = Simd.loadHalf(block);
      for (int run = 0; run < 8; run++) {
        for (int l = 0; l < 4; l++) {
          FloatVector scale = Grid.splat(d * (0.5f + scale(block, run, l / 2)) * 0.25f);
          for (int h = 0; h < 8; h += Grid.LANES) {
            Grid.store(values(block, run, l, h).mul(scale), to + 128 * run + 32 * l + 4 * h);
          }
        }
      }
    }
  }

  @Override
  void rows2(long v, long w, int cols, long x, long prepared, long out) {
    FloatVector a = FloatVector.zero(Grid.F);
    FloatVector c = a;
    for (int b = 0; b < cols / 256; b++) {
      long p = Simd.bounded(v + (long) b * BLOCK);
      long q = Simd.bounded(w + (long) b * BLOCK);
      long xb = Simd.bounded(x + 1024L * b);
      FloatVector s = FloatVector.zero(Grid.F);
      FloatVector t = s;
      for (int run = 0; run < 8; run++) {
        for (int half = 0; half < 2; half++) {
          FloatVector m = FloatVector.zero(Grid.F);
          FloatVector n = m;
          for (int l = 2 * half; l < 2 * half + 2; l++) {
            for (int h = 0; h < 8; h += Grid.LANES) {
              FloatVector xl = Grid.load(xb + 128 * run + 32 * l + 4 * h);
              m = values(p, run, l, h).fma(xl, m);
              n = values(q, run, l, h).fma(xl, n);
            }
          }
          s = m.fma(Grid.splat(SCALES, scale(p, run, half)), s);
          t = n.fma(Grid.splat(SCALES, scale(q, run, half)), t);
        }
      }
      a = s.fma(Grid.splat(Simd.loadHalf(p)), a);
      c = t.fma(Grid.splat(Simd.loadHalf(q)), c);
    }
    Simd.storeFloat(out, a.reduceLanes(VectorOperators.ADD));
    Simd.storeFloat(out + 4, c.reduceLanes(VectorOperators.ADD));
  }
}
