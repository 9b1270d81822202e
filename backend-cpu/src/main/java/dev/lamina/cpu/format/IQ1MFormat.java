package dev.lamina.cpu.format;

import static dev.lamina.cpu.format.Grid.ENTRY;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.QuantTables;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * IQ1_M: super-blocks of 256 values: a byte for each 8 values with the low bits of the number of a
 * vector of the grid, then for each 3 high bits and the sign of the shift by 1/8, then 3 bits of
 * scale for each 16 values. The float16 scale is spread over the tops of the four words of scales.
 */
final class IQ1MFormat extends RowFormat {
  static final IQ1MFormat INSTANCE = new IQ1MFormat();

  private static final int BLOCK = 56;

  /** The sign of the shift is the top bit of an entry's number. */
  private final long tables = tables();

  private IQ1MFormat() {
    super(GgmlType.IQ1_M);
  }

  private static long tables() {
    Grid.Values grid = Grid.bytes(QuantTables.iq1s());
    float delta = QuantTables.IQ1_DELTA;
    return Grid.tables(
        4096,
        (entry, j) -> grid.at(entry & 2047, j) + (entry < 2048 ? delta : -delta),
        Grid.signs(),
        s -> 1 + 2 * (s & 7));
  }

  private static float scale(long block) {
    long scales = Simd.ALL.get(Simd.LONG, block + 48);
    return Float.float16ToFloat(
        (short)
            (Grid.bits(scales, 12, 4, 0)
                + Grid.bits(scales, 28, 4, 4)
                + Grid.bits(scales, 44, 4, 8)
                + Grid.bits(scales, 60, 4, 12)));
  }

  /** The two scales of a run, 3 bits each. */
  private static int scales(long block, int run) {
    return Simd.ALL.get(Simd.SHORT, block + 48 + run / 2 * 2) >>> 6 * (run & 1);
  }

  /** Values {@code h} to {@code h + LANES} of vector {@code l} of a run, without scale. */
  private static FloatVector values(long table, long block, int run, int l, int h) {
    long low = Simd.ALL.get(Simd.INT, block + 4 * run);
    long high = Simd.ALL.get(Simd.SHORT, block + 32 + 2 * run);
    long entry = Grid.bits(low, 8 * l, 8, ENTRY) + Grid.bits(high, 4 * l, 4, ENTRY + 8);
    return Grid.load(table, entry, h);
  }

  @Override
  public void decode(long source, long target, int n) {
    long table = Simd.bounded(tables);
    for (int b = 0; b < n / 256; b++) {
      long block = Simd.bounded(source + (long) b * BLOCK);
      long to = Simd.bounded(target + 1024L * b);
      float d = scale(block);
      for (int run = 0; run < 8; run++) {
        int scales = scales(block, run);
        for (int l = 0; l < 4; l++) {
          FloatVector scale = Grid.splat(d * (2 * (scales >> 3 * (l / 2) & 7) + 1));
          for (int h = 0; h < 8; h += Grid.LANES) {
            FloatVector v = values(table, block, run, l, h);
            Grid.store(v.mul(scale), to + 128 * run + 32 * l + 4 * h);
          }
        }
      }
    }
  }

  @Override
  float row(long w, int cols, long x, long prepared, long scratch) {
    long table = Simd.bounded(tables);
    FloatVector total = FloatVector.zero(Grid.F);
    for (int b = 0; b < cols / 256; b++) {
      long block = Simd.bounded(w + (long) b * BLOCK);
      long from = Simd.bounded(x + 1024L * b);
      FloatVector sum = FloatVector.zero(Grid.F);
      for (int run = 0; run < 8; run++) {
        FloatVector s = FloatVector.zero(Grid.F);
        FloatVector t = s;
        for (int l = 0; l < 2; l++) {
          for (int h = 0; h < 8; h += Grid.LANES) {
            long at = from + 128 * run + 32 * l + 4 * h;
            s = values(table, block, run, l, h).fma(Grid.load(at), s);
            t = values(table, block, run, l + 2, h).fma(Grid.load(at + 64), t);
          }
        }
        int scales = scales(block, run);
        sum = s.fma(Grid.scale(table, scales, 0, 3), sum);
        sum = t.fma(Grid.scale(table, scales, 3, 3), sum);
      }
      total = sum.fma(Grid.splat(scale(block)), total);
    }
    return total.reduceLanes(VectorOperators.ADD);
  }
}
