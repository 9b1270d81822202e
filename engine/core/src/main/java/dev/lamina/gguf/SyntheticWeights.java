package dev.lamina.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Random weights, for models that need no download: every block is valid, and the values have a
 * mean near 0 and about a given standard deviation. The same seed gives the same bytes.
 *
 * <p>The quants are plain random bits; the scale of each block follows from the spread that random
 * quants of its type have, worked out here for each format (see {@link Dequantizer} for the
 * formulas), and has a random sign.
 */
public final class SyntheticWeights {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  /** Mean square of a sub-block's whole 6-bit scale, from 0 to 63. */
  private static final double U6 = meanSquare(64, i -> i);

  /** Mean square of {@code 2 s + 1} for 4-bit s, which is 4 times that of {@code s + 1/2}. */
  private static final double ODD16 = meanSquare(16, i -> 2 * i + 1);

  private static final double ODD8 = meanSquare(8, i -> 2 * i + 1);

  private SyntheticWeights() {}

  /**
   * Fills {@code dst} with blocks of {@code type}.
   *
   * @param dst a whole number of blocks
   * @param deviation standard deviation of the decoded values; scales are float16, so below about
   *     1e-3 some types come out coarser
   */
  public static void fill(GgmlType type, long seed, MemorySegment dst, float deviation) {
    int block = type.blockBytes();
    if (dst.byteSize() % block != 0) {
      throw new IllegalArgumentException(
          dst.byteSize() + " bytes are no whole " + type + " blocks");
    }
    long size = dst.byteSize();
    switch (type) {
      case F32, F16, BF16 -> fillFloats(type, seed, dst, deviation);
      case I8, I16, I32, I64, F64 ->
          throw new IllegalArgumentException(type + " is no type of weights");
      case Q4_0,
          Q4_1,
          Q5_0,
          Q5_1,
          Q8_0,
          Q2_K,
          Q3_K,
          Q4_K,
          Q5_K,
          Q6_K,
          IQ1_S,
          IQ1_M,
          IQ2_XXS,
          IQ2_XS,
          IQ2_S,
          IQ3_XXS,
          IQ3_S,
          IQ4_NL,
          IQ4_XS,
          TQ1_0,
          TQ2_0,
          MXFP4 -> {
        fillBits(seed, dst);
        double scale = deviation / spread(type);
        long signs = mix(seed ^ GOLDEN);
        for (long at = 0; at < size; at += block) {
          signs = signs * 0x5851F42D4C957F2DL + 0x14057B7EF767814FL;
          finish(type, dst, at, signs < 0 ? -scale : scale, signs << 1);
        }
      }
    }
  }

  /** Makes a block of random bits a valid one with this scale. */
  private static void finish(GgmlType type, MemorySegment dst, long at, double d, long random) {
    switch (type) {
      case Q4_0, Q5_0, Q8_0, IQ4_NL, IQ4_XS, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S, IQ1_S ->
          half(dst, at, d);
      case Q4_1 -> {
        half(dst, at, d);
        half(dst, at + 2, -7.5 * d);
      }
      case Q5_1 -> {
        half(dst, at, d);
        half(dst, at + 2, -15.5 * d);
      }
      case Q2_K -> {
        // Scales from 8 to 15, and minima equal to them: the values lie around 0.
        for (int i = 0; i < 16; i++) {
          int scale = dst.get(ValueLayout.JAVA_BYTE, at + i) & 7 | 8;
          dst.set(ValueLayout.JAVA_BYTE, at + i, (byte) (scale | scale << 4));
        }
        half(dst, at + 80, d);
        half(dst, at + 82, 1.5 * d);
      }
      case Q3_K -> half(dst, at + 108, d);
      case Q4_K -> {
        equalMinima(dst, at + 4);
        half(dst, at, d);
        half(dst, at + 2, 7.5 * d);
      }
      case Q5_K -> {
        equalMinima(dst, at + 4);
        half(dst, at, d);
        half(dst, at + 2, 15.5 * d);
      }
      case Q6_K -> half(dst, at + 208, d);
      case IQ1_M -> {
        int bits = Float.floatToFloat16((float) d);
        for (int k = 0; k < 4; k++) {
          int word = dst.get(Cursor.SHORT, at + 48 + 2 * k) & 0x0FFF;
          dst.set(Cursor.SHORT, at + 48 + 2 * k, (short) (word | (bits >> 4 * k & 15) << 12));
        }
      }
      case TQ1_0 -> {
        // Five ternary digits are a number below 243, which a byte holds as the fraction n / 243.
        for (long i = at; i < at + 52; i++) {
          int n = (dst.get(ValueLayout.JAVA_BYTE, i) & 0xFF) * 243 >> 8;
          dst.set(ValueLayout.JAVA_BYTE, i, (byte) ((n * 256 + 242) / 243));
        }
        half(dst, at + 52, d);
      }
      case TQ2_0 -> {
        // 3 is no ternary digit; it becomes 1, which stands for 0.
        for (long i = at; i < at + 64; i += 8) {
          long q = dst.get(Cursor.LONG, i);
          dst.set(Cursor.LONG, i, q & ~((q & q >>> 1 & 0x5555555555555555L) << 1));
        }
        half(dst, at + 64, d);
      }
      case MXFP4 -> dst.set(ValueLayout.JAVA_BYTE, at, (byte) exponent(Math.abs(d), random));
      case F32, F16, BF16, I8, I16, I32, I64, F64 -> throw new IllegalStateException();
    }
  }

  /** Standard deviation of the values of a random block with scale 1. */
  private static double spread(GgmlType type) {
    return Math.sqrt(
        switch (type) {
          case Q4_0 -> meanSquare(16, i -> i - 8);
          case Q4_1 -> meanSquare(16, i -> i - 7.5);
          case Q5_0 -> meanSquare(32, i -> i - 16);
          case Q5_1 -> meanSquare(32, i -> i - 15.5);
          case Q8_0 -> meanSquare(256, i -> i - 128);
          case Q2_K -> meanSquare(8, i -> i + 8) * meanSquare(4, i -> i - 1.5);
          case Q3_K -> meanSquare(64, i -> i - 32) * meanSquare(8, i -> i - 4);
          case Q4_K -> U6 * meanSquare(16, i -> i - 7.5);
          case Q5_K -> U6 * meanSquare(32, i -> i - 15.5);
          case Q6_K -> meanSquare(256, i -> i - 128) * meanSquare(64, i -> i - 32);
          case IQ1_S, IQ1_M -> ODD8 * (grid(QuantTables.Grids.IQ1_S) + 1 / 64.0);
          case IQ2_XXS -> ODD16 / 64 * grid(QuantTables.Grids.IQ2_XXS);
          case IQ2_XS -> ODD16 / 64 * grid(QuantTables.Grids.IQ2_XS);
          case IQ2_S -> ODD16 / 64 * grid(QuantTables.Grids.IQ2_S);
          case IQ3_XXS -> ODD16 / 16 * grid(QuantTables.Grids.IQ3_XXS);
          case IQ3_S -> ODD16 * grid(QuantTables.Grids.IQ3_S);
          case IQ4_NL -> levels(QuantTables.IQ4_NL);
          case IQ4_XS -> meanSquare(64, i -> i - 32) * levels(QuantTables.IQ4_NL);
          case TQ1_0 -> 2.0 / 3;
          case TQ2_0 -> 0.5;
          case MXFP4 -> levels(QuantTables.MXFP4);
          case F32, F16, BF16, I8, I16, I32, I64, F64 -> throw new IllegalStateException();
        });
  }

  private static double meanSquare(int n, IntToDoubleFunction value) {
    return IntStream.range(0, n).mapToDouble(value).map(v -> v * v).average().orElseThrow();
  }

  private static double levels(byte[] levels) {
    return meanSquare(levels.length, i -> levels[i]);
  }

  private static double grid(long[] grid) {
    return meanSquare(8 * grid.length, i -> (byte) (grid[i / 8] >> i % 8 * 8));
  }

  private static double grid(int[] grid) {
    return meanSquare(4 * grid.length, i -> (byte) (grid[i / 4] >> i % 4 * 8));
  }

  private static void half(MemorySegment dst, long at, double value) {
    dst.set(Cursor.SHORT, at, Float.floatToFloat16((float) value));
  }

  /** Q4_K and Q5_K: makes the minimum codes those of the scales (see {@link KRows}). */
  private static void equalMinima(MemorySegment dst, long at) {
    dst.set(Cursor.INT, at + 4, dst.get(Cursor.INT, at));
    int low = dst.get(Cursor.INT, at + 8) & 0x0F0F0F0F;
    dst.set(Cursor.INT, at + 8, low | low << 4);
  }

  /**
   * The exponent whose {@link QuantTables#mxfp4Scale} is {@code d}, or, as that is a power of two,
   * one of its two neighbours by chance, so that the squares are right on the average.
   */
  private static int exponent(double d, long random) {
    int e = Math.getExponent(d);
    double share = (d * d / Math.scalb(1.0, 2 * e) - 1) / 3;
    double chance = (random >>> 11) * 0x1p-53;
    return Math.clamp(e + 128L + (chance < share ? 1 : 0), 0, 254);
  }

  /** Uniform values, in the range that has the wanted deviation. */
  private static void fillFloats(GgmlType type, long seed, MemorySegment dst, float deviation) {
    float scale = (float) (deviation * Math.sqrt(3) * 0x1p-31);
    long n = dst.byteSize() / type.blockBytes();
    for (long i = 0; i < n; i++) {
      long bits = mix(seed + (i >> 1) * GOLDEN);
      float value = (int) ((i & 1) == 0 ? bits : bits >>> 32) * scale;
      if (type == GgmlType.F32) {
        dst.set(Cursor.FLOAT, 4 * i, value);
      } else if (type == GgmlType.F16) {
        dst.set(Cursor.SHORT, 2 * i, Float.floatToFloat16(value));
      } else {
        dst.set(Cursor.SHORT, 2 * i, (short) (Float.floatToRawIntBits(value) >>> 16));
      }
    }
  }

  private static void fillBits(long seed, MemorySegment dst) {
    long whole = dst.byteSize() & -8;
    for (long at = 0; at < whole; at += 8) {
      dst.set(Cursor.LONG, at, mix(seed + (at >> 3) * GOLDEN));
    }
    long last = mix(seed + (whole >> 3) * GOLDEN);
    for (long at = whole; at < dst.byteSize(); at++, last >>>= 8) {
      dst.set(ValueLayout.JAVA_BYTE, at, (byte) last);
    }
  }

  /** The finaliser of SplitMix64: every counter gives a number that looks random. */
  private static long mix(long z) {
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }
}
