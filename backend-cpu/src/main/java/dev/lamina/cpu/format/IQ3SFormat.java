package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.QuantTables;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * IQ3_S: super-blocks of 256 values: a float16 scale; for each 4 values the low byte of the number
 * of a vector of the grid, then for each its high bit; a byte of signs for each 8 values; at last 4
 * bits of scale for each run of 32.
 */
final class IQ3SFormat extends PairedFormat {
  static final IQ3SFormat INSTANCE = new IQ3SFormat();

  private static final int BLOCK = 110;
  private static final long GRID = Grid.table(QuantTables.iq3s());

  /** What 4 bits of scale stand for. */
  private static final long SCALES = Grid.scales(16, s -> 1 + 2 * s);

  private IQ3SFormat() {
    super(GgmlType.IQ3_S);
  }

  /** Values {@code h} to {@code h + LANES} of vector {@code l} of a run, scales apart. */
  private static FloatVector values(long block, int run, int l, int h) {
    long low = Simd.ALL.get(Simd.LONG, block + 2 + 8 * run);
    long high = Simd.ALL.get(Simd.BYTE, block + 66 + run);
    long signs = Simd.ALL.get(Simd.INT, block + 74 + 4 * run);
    return Grid.load(
        GRID,
        512,
        Grid.entry(low, 16 * l, 8) | Grid.entry(high, 2 * l, 1) << 8,
        Grid.entry(low, 16 * l + 8, 8) | Grid.entry(high, 2 * l + 1, 1) << 8,
        Grid.SIGNS,
        Grid.entry(signs, 8 * l, 8),
        h);
  }

  private static long scale(long block, int run) {
    return Simd.ALL.get(Simd.BYTE, block + 106 + run / 2) >>> 4 * (run & 1) & 15;
  }

  @Override
  public void decode(long source, long target, int n) {
    for (int b = 0; b < n / 256; b++) {
      long block = Simd.bounded(source + (long) b * BLOCK);
      long to = Simd.bounded(target + 1024L * b);
      float d = Simd.loadHalf(block);
      for (int run = 0; run < 8; run++) {
        for (int l = 0; l < 4; l++) {
          FloatVector scale = Grid.splat(d * (1 + 2 * scale(block, run)));
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
