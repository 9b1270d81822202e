package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.QuantTables;
import java.lang.foreign.Arena;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntUnaryOperator;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Tables for the types whose values come 8 (or 4) at a time from a grid: grids as vectors of
 * float32, signs as masks of their sign bits, small scales as floats. A lookup is then one load.
 *
 * <p>The tables lie off the heap, on cache lines of their own, so that no load crosses a line; a
 * type's grid is made when its format is first asked for. 8 values fill a vector of 256 bits, and
 * wider ones would have to be put together from two lookups, so these kernels use no wider ones.
 */
final class Grid {
  static final VectorSpecies<Float> F =
      Simd.LANES == 4 ? FloatVector.SPECIES_128 : FloatVector.SPECIES_256;

  private static final VectorSpecies<Integer> I =
      Simd.LANES == 4 ? IntVector.SPECIES_128 : IntVector.SPECIES_256;

  /** Lanes of {@link #F}: 8, or 4 of which two make the 8 values of an entry. */
  static final int LANES = F.length();

  /** From 8 bits to masks: bit j for the sign of value j. */
  static final long SIGNS = signs(256, i -> i);

  /** From the 7 bits that {@link QuantTables#signs} is for to masks. */
  static final long EVEN_SIGNS = evenSigns();

  private Grid() {}

  private static long evenSigns() {
    byte[] signs = QuantTables.signs();
    return signs(signs.length, i -> signs[i]);
  }

  private static long signs(int entries, IntUnaryOperator bits) {
    long table = allocate(32L * entries);
    for (int i = 0; i < entries; i++) {
      for (int j = 0; j < 8; j++) {
        Simd.ALL.set(Simd.INT, table + 32L * i + 4 * j, (bits.applyAsInt(i) >> j & 1) << 31);
      }
    }
    return table;
  }

  /** A grid of 8 signed bytes in a long as a table of 8 floats an entry, {@code shift} added. */
  static long table(long[] grid, float shift) {
    long table = allocate(32L * grid.length);
    for (int i = 0; i < grid.length; i++) {
      for (int j = 0; j < 8; j++) {
        Simd.storeFloat(table + 32L * i + 4 * j, (byte) (grid[i] >>> 8 * j) + shift);
      }
    }
    return table;
  }

  /**
   * A grid of 4 magnitudes in an int as a table of 8 floats an entry: the 4 values and 4 zeros.
   * Such a table is followed by another with the zeros first, so that two lookups can be put
   * together.
   */
  static long table(int[] grid) {
    long table = allocate(64L * grid.length);
    for (int i = 0; i < grid.length; i++) {
      for (int j = 0; j < 4; j++) {
        Simd.storeFloat(table + 32L * i + 4 * j, grid[i] >>> 8 * j & 255);
        Simd.storeFloat(table + 32L * (grid.length + i) + 16 + 4 * j, grid[i] >>> 8 * j & 255);
      }
    }
    return table;
  }

  /** A table of some scales. */
  static long scales(int entries, IntToDoubleFunction value) {
    long table = allocate(4L * entries);
    for (int i = 0; i < entries; i++) {
      Simd.storeFloat(table + 4L * i, (float) value.applyAsDouble(i));
    }
    return table;
  }

  private static long allocate(long bytes) {
    return Arena.global().allocate(bytes, 64).address();
  }

  /**
   * Where the entry is that {@code width} bits of a word choose, the lowest of them bit {@code at}:
   * their value times the 32 bytes of an entry.
   */
  static long entry(long word, int at, int width) {
    long shifted = at >= 5 ? word >>> at - 5 : word << 5 - at;
    return shifted & (1L << width) - 1 << 5;
  }

  /** Values {@code h} to {@code h + LANES} of an entry. */
  static FloatVector load(long table, long entry, int h) {
    return load(table + entry + 4 * h);
  }

  /** The same with signs from a table of masks. */
  static FloatVector load(long table, long entry, long signs, long sign, int h) {
    return load(table, entry, h)
        .reinterpretAsInts()
        .lanewise(VectorOperators.XOR, loadInts(signs + sign + 4 * h))
        .reinterpretAsFloats();
  }

  /**
   * Values {@code h} to {@code h + LANES} of 4 values of one entry and 4 of another, with signs.
   *
   * @param entries of a table of 4 magnitudes
   */
  static FloatVector load(
      long table, int entries, long first, long second, long signs, long sign, int h) {
    IntVector mask = loadInts(signs + sign + 4 * h);
    if (LANES == 4) {
      long entry = h == 0 ? first : second + 32L * entries + 16;
      return mask.lanewise(VectorOperators.XOR, loadInts(table + entry)).reinterpretAsFloats();
    }
    return mask.lanewise(VectorOperators.XOR, loadInts(table + first))
        .lanewise(VectorOperators.XOR, loadInts(table + 32L * entries + second))
        .reinterpretAsFloats();
  }

  private static IntVector loadInts(long address) {
    return IntVector.fromMemorySegment(I, Simd.ALL, address, Simd.ORDER);
  }

  static FloatVector load(long x) {
    return FloatVector.fromMemorySegment(F, Simd.ALL, x, Simd.ORDER);
  }

  static FloatVector splat(float value) {
    return FloatVector.broadcast(F, value);
  }

  /** Entry {@code index} of a table of {@link #scales}, in all lanes. */
  static FloatVector splat(long table, long index) {
    return FloatVector.broadcast(F, Simd.loadFloat(table + (index << 2)));
  }

  static void store(FloatVector v, long address) {
    v.intoMemorySegment(Simd.ALL, address, Simd.ORDER);
  }
}
