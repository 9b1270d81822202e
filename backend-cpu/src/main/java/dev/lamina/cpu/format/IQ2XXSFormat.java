package dev.lamina.cpu.format;

import static dev.lamina.cpu.format.Grid.ENTRY;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.QuantTables;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * IQ2_XXS: super-blocks of 256 values: a float16 scale, then for each run of 32 values 4 bytes that
 * choose vectors of the grid and a word of 4 x 7 bits of signs and a 4-bit scale.
 */
final class IQ2XXSFormat extends RowFormat {
  static final IQ2XXSFormat INSTANCE = new IQ2XXSFormat();

  private static final int BLOCK = 66;

  private final long tables =
      Grid.tables(256, Grid.bytes(QuantTables.iq2xxs()), Grid.evenSigns(), s -> (0.5 + s) / 4);

  private IQ2XXSFormat() {
    super(GgmlType.IQ2_XXS);
  }

  private static long word(long block, int run) {
    return Simd.ALL.get(Simd.LONG, block + 2 + 8 * run);
  }

  /** Values {@code h} to {@code h + LANES} of vector {@code l} of a run, scales apart. */
  private static FloatVector values(long table, long block, int run, int l, int h) {
    long word = word(block, run);
    return Grid.load(
        table, Grid.bits(word, 8 * l, 8, ENTRY), Grid.bits(word, 32 + 7 * l, 7, ENTRY), h);
  }

  private static FloatVector scale(long table, long block, int run) {
    return Grid.scale(table, word(block, run), 60, 4);
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
          FloatVector scale = Grid.splat(d * (0.5f + (word(block, run) >>> 60)) * 0.25f);
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
