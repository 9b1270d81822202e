package dev.lamina.cpu.format;

import static dev.lamina.cpu.format.Grid.ENTRY;

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
final class IQ3SFormat extends RowFormat {
  static final IQ3SFormat INSTANCE = new IQ3SFormat();

  private static final int BLOCK = 110;
  private static final int ENTRIES = 512;

  private final long tables =
      Grid.tables(2 * ENTRIES, Grid.halves(QuantTables.iq3s()), Grid.signs(), s -> 1 + 2 * s);

  private IQ3SFormat() {
    super(GgmlType.IQ3_S);
  }

  /**
   * The numbers of the first vectors of 4 of a run (or the second ones), 16 bits each. The product
   * lays copies of the 8 high bits so that every other bit of them falls on bit 8 of a number.
   */
  private static long numbers(long block, int run, int second) {
    long low = Simd.ALL.get(Simd.LONG, block + 2 + 8 * run) >>> 8 * second;
    long high = Simd.ALL.get(Simd.BYTE, block + 66 + run) & 255;
    return (low & 0x00ff_00ff_00ff_00ffL)
        + (high * (0x0004_0010_0040_0100L >>> second) & 0x0100_0100_0100_0100L);
  }

  /** Values {@code h} to {@code h + LANES} of vector {@code l} of a run, scales apart. */
  private static FloatVector values(long table, long block, int run, int l, int h) {
    long signs = Simd.ALL.get(Simd.INT, block + 74 + 4 * run);
    return Grid.load(
        table,
        ENTRIES,
        Grid.bits(numbers(block, run, 0), 16 * l, 9, ENTRY),
        Grid.bits(numbers(block, run, 1), 16 * l, 9, ENTRY),
        Grid.bits(signs, 8 * l, 8, ENTRY),
        h);
  }

  private static FloatVector scale(long table, long block, int run) {
    int scales = Simd.ALL.get(Simd.BYTE, block + 106 + run / 2);
    return Grid.scale(table, scales >>> 4 * (run & 1), 0, 4);
  }

  @Override
  public void decode(long source, long target, int n) {
    long table = Simd.bounded(tables);
    for (int b = 0; b < n / 256; b++) {
      long block = Simd.bounded(source + (long) b * BLOCK);
      long to = Simd.bounded(target + 1024L * b);
      float d = Simd.loadHalf(block);
      for (int run = 0; run < 8; run++) {
        for (int l = 0; l < 4; l++) {
          FloatVector scale =
              Grid.splat(
                  d
                      * (1
                          + 2
                              * (Simd.ALL.get(Simd.BYTE, block + 106 + run / 2) >>> 4 * (run & 1)
                                  & 15)));
          for (int h = 0; h < 8; h += Grid.LANES) {
            Grid.store(values(table, block, run, l, h).mul(scale), to + 128 * run + 32 * l + 4 * h);
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
        for (int l = 0; l < 4; l++) {
          for (int h = 0; h < 8; h += Grid.LANES) {
            FloatVector v = values(table, block, run, l, h);
            s = v.fma(Grid.load(from + 128 * run + 32 * l + 4 * h), s);
          }
        }
        sum = s.fma(scale(table, block, run), sum);
      }
      total = sum.fma(Grid.splat(Simd.loadHalf(block)), total);
    }
    return total.reduceLanes(VectorOperators.ADD);
  }
}
