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
 * Tables for the types whose values come 8 (or 4) at a time from a grid: the grid as vectors of
 * float32, signs as masks of their sign bits, small scales as floats. A lookup is then one load.
 *
 * <p>A format has all its tables in one piece of memory (scales, signs, grid at constant distances)
 * so that its kernel needs a single register for them, and entries on cache lines, so that no load
 * crosses one. 8 values fill a vector of 256 bits, and wider ones would have to be put together
 * from two lookups: these kernels use no wider ones.
 *
 * <p>Offsets of entries are computed by {@link #bits}, and where they have several parts, by adding
 * those: the JIT compiler then knows their range and drops the bounds check, which it would not for
 * an {@code or}.
 */
final class Grid {
  static final VectorSpecies<Float> F =
      Simd.LANES == 4 ? FloatVector.SPECIES_128 : FloatVector.SPECIES_256;

  private static final VectorSpecies<Integer> I =
      Simd.LANES == 4 ? IntVector.SPECIES_128 : IntVector.SPECIES_256;

  /** Lanes of {@link #F}: 8, or 4 of which two make the 8 values of an entry. */
  static final int LANES = F.length();

  /** Bytes of an entry of 8 floats, as a shift. */
  static final int ENTRY = 5;

  private static final int SCALES = 32;
  private static final int SIGN_TABLE = 4 * SCALES;
  private static final int GRID_TABLE = SIGN_TABLE + (256 << ENTRY);

  private Grid() {}

  /** The grid of a format: value {@code j} of 8 of an entry. */
  interface Values {
    float at(int entry, int j);
  }

  /** Entries of 8 signed bytes in a long. */
  static Values bytes(long[] grid) {
    return (entry, j) -> (byte) (grid[entry] >>> 8 * j);
  }

  /**
   * Entries of 4 magnitudes in an int, each twice: with 4 zeros behind it, and as many entries
   * later with 4 zeros before it, so that two lookups can be put together.
   */
  static Values halves(int[] grid) {
    return (entry, j) ->
        entry / grid.length == j / 4 ? grid[entry % grid.length] >>> 8 * (j % 4) & 255 : 0;
  }

  /**
   * Makes the tables of a format.
   *
   * @param signs from 8 bits to the signs of 8 values, bit j set where value j is negative
   * @param scale the 32 entries of the table of scales
   */
  static long tables(
      int entries, Values values, IntUnaryOperator signs, IntToDoubleFunction scale) {
    long table = Arena.global().allocate(GRID_TABLE + (entries << ENTRY), 64).address();
    for (int i = 0; i < SCALES; i++) {
      Simd.storeFloat(table + 4 * i, (float) scale.applyAsDouble(i));
    }
    for (int i = 0; i < 256; i++) {
      for (int j = 0; j < 8; j++) {
        int mask = (signs.applyAsInt(i) >> j & 1) << 31;
        Simd.ALL.set(Simd.INT, table + SIGN_TABLE + (i << ENTRY) + 4 * j, mask);
      }
    }
    for (int i = 0; i < entries; i++) {
      for (int j = 0; j < 8; j++) {
        Simd.storeFloat(table + GRID_TABLE + (i << ENTRY) + 4 * j, values.at(i, j));
      }
    }
    return table;
  }

  /** 8 bits are the signs themselves. */
  static IntUnaryOperator signs() {
    return i -> i;
  }

  /** 7 bits are signs, the eighth follows from them. */
  static IntUnaryOperator evenSigns() {
    byte[] signs = QuantTables.signs();
    return i -> signs[i & 127];
  }

  /** {@code width} bits of a word, the lowest of them bit {@code at}, moved to bit {@code to}. */
  static long bits(long word, int at, int width, int to) {
    long moved = at >= to ? word >>> at - to : word << to - at;
    return moved & (1L << width) - 1 << to;
  }

  /** The scale that {@code width} bits from bit {@code at} on stand for, in all lanes. */
  static FloatVector scale(long table, long word, int at, int width) {
    return FloatVector.broadcast(F, Simd.loadFloat(table + bits(word, at, width, 2)));
  }

  /** One float of the second half of the scales, which 4 bits from bit {@code at} on choose. */
  static float second(long table, long word, int at) {
    return Simd.loadFloat(table + bits(word, at, 4, 2) + 4 * SCALES / 2);
  }

  /** Values {@code h} to {@code h + LANES} of an entry. */
  static FloatVector load(long table, long entry, int h) {
    return load(table + entry + (GRID_TABLE + 4 * h));
  }

  /** The same with signs. */
  static FloatVector load(long table, long entry, long sign, int h) {
    return loadInts(table + sign + (SIGN_TABLE + 4 * h))
        .lanewise(VectorOperators.XOR, loadInts(table + entry + (GRID_TABLE + 4 * h)))
        .reinterpretAsFloats();
  }

  /**
   * Values {@code h} to {@code h + LANES} of 4 values of one entry and 4 of another, with signs.
   *
   * @param entries of the grid of 4 magnitudes
   */
  static FloatVector load(long table, int entries, long first, long second, long sign, int h) {
    int other = GRID_TABLE + (entries << ENTRY);
    IntVector mask = loadInts(table + sign + (SIGN_TABLE + 4 * h));
    if (LANES == 4) {
      long entry = h == 0 ? first + GRID_TABLE : second + other + 16;
      return mask.lanewise(VectorOperators.XOR, loadInts(table + entry)).reinterpretAsFloats();
    }
    return mask.lanewise(VectorOperators.XOR, loadInts(table + first + GRID_TABLE))
        .lanewise(VectorOperators.XOR, loadInts(table + second + other))
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

  static void store(FloatVector v, long address) {
    v.intoMemorySegment(Simd.ALL, address, Simd.ORDER);
  }
}
