package dev.lamina.cpu.format;

import static dev.lamina.cpu.format.Grid.ENTRY;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.QuantTables;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * IQ1_S: super-blocks of 256 values: a float16 scale, a byte for each 8 values with the low bits of
 * the number of a vector of the grid, then a word for each run of 32 with 4 x 3 high bits, 3 bits
 * of scale and the sign of the shift by 1/8.
 */
final class IQ1SFormat extends RowFormat {
  static final IQ1SFormat INSTANCE = new IQ1SFormat();

  private static final int BLOCK = 50;

  private final long tables =
      Grid.tables(
          2048,
          Grid.bytes(QuantTables.iq1s()),
          Grid.signs(),
          s -> (s < 16 ? 1 : shift(s << 12)) * (1 + 2 * (s & 7)));

  private IQ1SFormat() {
    super(GgmlType.IQ1_S);
  }

  private static int word(long block, int run) {
    return Simd.ALL.get(Simd.SHORT, block + 34 + 2 * run) & 0xffff;
  }

  private static float shift(int word) {
    return (word & 0x8000) != 0 ? -QuantTables.IQ1_DELTA : QuantTables.IQ1_DELTA;
  }

  /**
   * Values {@code h} to {@code h + LANES} of vector {@code l} of a run, without shift and scale.
   */
  private static FloatVector values(long table, long block, int run, int l, int h) {
    long low = Simd.ALL.get(Simd.INT, block + 2 + 4 * run);
    long entry = Grid.bits(low, 8 * l, 8, ENTRY) + Grid.bits(word(block, run), 3 * l, 3, ENTRY + 8);
    return Grid.load(table, entry, h);
  }

  @Override
  public void decode(long source, long target, int n) {
    long table = Simd.bounded(tables);
    for (int b = 0; b < n / 256; b++) {
      long block = Simd.bounded(source + (long) b * BLOCK);
      long to = Simd.bounded(target + 1024L * b);
      float d = Simd.loadHalf(block);
      for (int run = 0; run < 8; run++) {
        int word = word(block, run);
        FloatVector scale = Grid.splat(d * (2 * (word >> 12 & 7) + 1));
        FloatVector shift = Grid.splat(shift(word));
        for (int l = 0; l < 4; l++) {
          for (int h = 0; h < 8; h += Grid.LANES) {
            FloatVector v = values(table, block, run, l, h).add(shift);
            Grid.store(v.mul(scale), to + 128 * run + 32 * l + 4 * h);
          }
        }
      }
    }
  }

  @Override
  public Preparation preparation() {
    return Sums.OF_32;
  }

  @Override
  float row(long w, int cols, long x, long prepared, long scratch) {
    long table = Simd.bounded(tables);
    FloatVector total = FloatVector.zero(Grid.F);
    float shifts = 0;
    for (int b = 0; b < cols / 256; b++) {
      long block = Simd.bounded(w + (long) b * BLOCK);
      long from = Simd.bounded(x + 1024L * b);
      long sums = Simd.bounded(prepared + 32L * b);
      FloatVector sum = FloatVector.zero(Grid.F);
      float shifted = 0;
      for (int run = 0; run < 8; run++) {
        FloatVector s = FloatVector.zero(Grid.F);
        for (int l = 0; l < 4; l++) {
          for (int h = 0; h < 8; h += Grid.LANES) {
            FloatVector v = values(table, block, run, l, h);
            s = v.fma(Grid.load(from + 128 * run + 32 * l + 4 * h), s);
          }
        }
        int word = word(block, run);
        sum = s.fma(Grid.scale(table, word, 12, 3), sum);
        shifted = Math.fma(Grid.second(table, word, 12), Simd.loadFloat(sums + 4 * run), shifted);
      }
      float d = Simd.loadHalf(block);
      total = sum.fma(Grid.splat(d), total);
      shifts = Math.fma(d, shifted, shifts);
    }
    return total.reduceLanes(VectorOperators.ADD) + shifts;
  }
}
