package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.QuantTables;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * IQ3_XXS: super-blocks of 256 values: a float16 scale, a byte for each 4 values that chooses a
 * vector of the grid, then for each run of 32 values a word of 4 x 7 bits of signs and a 4-bit
 * scale.
 */
final class IQ3XXSFormat extends PairedFormat {
  static final IQ3XXSFormat INSTANCE = new IQ3XXSFormat();

  private static final int BLOCK = 98;
  private static final long GRID = Grid.table(QuantTables.iq3xxs());

  /** What 4 bits of scale stand for. */
  private static final long SCALES = Grid.scales(16, s -> (0.5 + s) / 2);

  private IQ3XXSFormat() {
    super(GgmlType.IQ3_XXS);
  }

  /** Values {@code h} to {@code h + LANES} of vector {@code l} of a run, scales apart. */
  private static FloatVector values(long block, int run, int l, int h) {
    long indices = Simd.ALL.get(Simd.LONG, block + 2 + 8 * run);
    long signs = Simd.ALL.get(Simd.INT, block + 66 + 4 * run);
    return Grid.load(
        GRID,
        256,
        Grid.entry(indices, 16 * l, 8),
        Grid.entry(indices, 16 * l + 8, 8),
        Grid.EVEN_SIGNS,
        Grid.entry(signs, 7 * l, 7),
        h);
  }

  private static long scale(long block, int run) {
    return Simd.ALL.get(Simd.INT, block + 66 + 4 * run) >>> 28;
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 256; b++) {
      long block = Simd.bounded(source + (long) b * BLOCK);
      long to = Simd.bounded(target + 1024L * b);
      float d = Simd.loadHalf(block);
      for (int run = 0; run < 8; run++) {
        for (int l = 0; l < 4; l++) {
          FloatVector scale = Grid.splat(d * (0.5f + scale(block, run)) * 0.5f);
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
        FloatVector m = FloatVector.zero(Grid.F);
        FloatVector n = m;
        for (int l = 0; l < 4; l++) {
          for (int h = 0; h < 8; h += Grid.LANES) {
            FloatVector xl = Grid.load(xb + 128 * run + 32 * l + 4 * h);
            m = values(p, run, l, h).fma(xl, m);
            n = values(q, run, l, h).fma(xl, n);
          }
        }
        s = m.fma(Grid.splat(SCALES, scale(p, run)), s);
        t = n.fma(Grid.splat(SCALES, scale(q, run)), t);
      }
      a = s.fma(Grid.splat(Simd.loadHalf(p)), a);
      c = t.fma(Grid.splat(Simd.loadHalf(q)), c);
    }
    Simd.storeFloat(out, a.reduceLanes(VectorOperators.ADD));
    Simd.storeFloat(out + 4, c.reduceLanes(VectorOperators.ADD));
  }
}
