package dev.lamina.shaders;

import dev.lamina.backend.RopeSpec;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.QuantTables;

/** The constant buffers that kernels read, from the engine's own tables. */
public final class DeviceTables {
  private DeviceTables() {}

  /**
   * The table of a type as 32-bit words: grid entries of 8 bytes as two words each, the lower one
   * first, entries of 4 bytes as one; 16 levels as four words. A single 0 for types without one.
   */
  public static int[] of(GgmlType type) {
    return switch (type) {
      case IQ2_XXS -> pairs(QuantTables.iq2xxs());
      case IQ2_XS -> pairs(QuantTables.iq2xs());
      case IQ2_S -> pairs(QuantTables.iq2s());
      case IQ1_S, IQ1_M -> pairs(QuantTables.iq1s());
      case IQ3_XXS -> QuantTables.iq3xxs();
      case IQ3_S -> QuantTables.iq3s();
      case IQ4_NL, IQ4_XS -> levels(QuantTables.iq4nl());
      case MXFP4 -> levels(QuantTables.mxfp4());
      case F32,
          F16,
          BF16,
          Q4_0,
          Q4_1,
          Q5_0,
          Q5_1,
          Q8_0,
          Q2_K,
          Q3_K,
          Q4_K,
          Q5_K,
          Q6_K,
          TQ1_0,
          TQ2_0,
          I8,
          I16,
          I32,
          I64,
          F64 ->
          new int[1];
    };
  }

  /**
   * As {@link #of}, for integer kernels: the grid of IQ1 has a word for each entry, its values plus
   * 1 in nibbles, of each byte the lower one for the first four and the upper one for the others.
   */
  public static int[] integers(GgmlType type) {
    if (type != GgmlType.IQ1_S && type != GgmlType.IQ1_M) {
      return of(type);
    }
    long[] entries = QuantTables.iq1s();
    int[] words = new int[entries.length];
    for (int i = 0; i < words.length; i++) {
      for (int v = 0; v < 8; v++) {
        int nibble = (byte) (entries[i] >>> 8 * v) + 1;
        words[i] |= nibble << (8 * (v % 4) + 4 * (v / 4));
      }
    }
    return words;
  }

  private static int[] pairs(long[] entries) {
    int[] words = new int[2 * entries.length];
    for (int i = 0; i < entries.length; i++) {
      words[2 * i] = (int) entries[i];
      words[2 * i + 1] = (int) (entries[i] >>> 32);
    }
    return words;
  }

  private static int[] levels(byte[] levels) {
    int[] words = new int[levels.length / 4];
    for (int i = 0; i < levels.length; i++) {
      words[i / 4] |= (levels[i] & 0xff) << 8 * (i % 4);
    }
    return words;
  }

  /**
   * For each pair of a rotary embedding the turns by which one position turns it, as a fraction of
   * 2^64; whole turns drop out. The product with a position, modulo 2^64, is then exact.
   *
   * @param divisors the contents of {@link RopeSpec#factors()}, or null where that is null
   */
  public static long[] turns(RopeSpec rope, float[] divisors) {
    double[] angles = rope.angles(divisors);
    long[] turns = new long[angles.length];
    for (int i = 0; i < turns.length; i++) {
      double turn = angles[i] / (2 * Math.PI);
      turns[i] = (long) ((turn - Math.floor(turn)) * 0x1p63) << 1;
    }
    return turns;
  }
}
