package dev.lamina.cpu.format;

import static dev.lamina.cpu.format.Grid.ENTRY;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.QuantTables;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * IQ2_XS: super-blocks of 256 values: a float16 scale, for each 8 values a word of 9 bits that
 * choose a vector of the grid and 7 bits of signs, then 4 bits of scale for each 16 values.
 */
final class IQ2XSFormat extends RowFormat {
  static final IQ2XSFormat INSTANCE = new IQ2XSFormat();

  private static final int BLOCK = 74;

  private final long tables =
      Grid.tables(512, Grid.bytes(QuantTables.iq2xs()), Grid.evenSigns(), s -> (0.5 + s) / 4);

  private IQ2XSFormat() {
    super(GgmlType.IQ2_XS);
  }

  /** Values {@code h} to {@code h + LANES} of vector {@code l} of a run, scales apart. */
  private static FloatVector values(long table, long block, int run, int l, int h) {
    long words = Simd.ALL.get(Simd.LONG, block + 2 + 8 * run);
    return Grid.load(
        table, Grid.bits(words, 16 * l, 9, ENTRY), Grid.bits(words, 16 * l + 9, 7, ENTRY), h);
  }

  private static FloatVector scale(long table, long block, int run, int half) {
    return Grid.scale(table, Simd.ALL.get(Simd.BYTE, block + 66 + run), 4 * half, 4);
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
                      * (0.5f + (Simd.ALL.get(Simd.BYTE, block + 66 + run) >>> 4 * (l / 2) & 15))
                      * 0.25f);
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
        FloatVector t = s;
        for (int l = 0; l < 2; l++) {
          for (int h = 0; h < 8; h += Grid.LANES) {
            long at = from + 128 * run + 32 * l + 4 * h;
            s = values(table, block, run, l, h).fma(Grid.load(at), s);
            t = values(table, block, run, l + 2, h).fma(Grid.load(at + 64), t);
          }
        }
        sum = s.fma(scale(table, block, run, 0), sum);
        sum = t.fma(scale(table, block, run, 1), sum);
      }
      total = sum.fma(Grid.splat(Simd.loadHalf(block)), total);
    }
    return total.reduceLanes(VectorOperators.ADD);
  }
}
