package dev.lamina.gguf;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The constant tables that define quantized formats, as ggml's {@code ggml-common.h} gives them.
 * Every kernel takes them from here. The methods return fresh copies.
 *
 * <p>A grid entry is a vector of 8 (in a {@code long}) or 4 (in an {@code int}) values of a byte
 * each, the first one in the lowest byte.
 */
public final class QuantTables {
  /** What IQ1_S and IQ1_M add to a grid value, or take away. */
  public static final float IQ1_DELTA = 0.125f;

  /** Inside the package the arrays themselves, which nobody may change. */
  static final byte[] SIGNS = makeSigns();

  static final byte[] IQ4_NL = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };
  static final byte[] MXFP4 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

  private QuantTables() {}

  /** IQ2_XXS: 256 vectors of 8 magnitudes out of 8, 25, 43. */
  public static long[] iq2xxs() {
    return Grids.IQ2_XXS.clone();
  }

  /** IQ2_XS: 512 vectors of 8 magnitudes out of 8, 25, 43. */
  public static long[] iq2xs() {
    return Grids.IQ2_XS.clone();
  }

  /** IQ2_S: 1024 vectors of 8 magnitudes out of 8, 25, 43. */
  public static long[] iq2s() {
    return Grids.IQ2_S.clone();
  }

  /** IQ3_XXS: 256 vectors of 4 magnitudes out of 4, 12, 20, 28, 36, 44, 52, 62. */
  public static int[] iq3xxs() {
    return Grids.IQ3_XXS.clone();
  }

  /** IQ3_S: 512 vectors of 4 magnitudes, odd numbers from 1 to 15. */
  public static int[] iq3s() {
    return Grids.IQ3_S.clone();
  }

  /** IQ1_S and IQ1_M: 2048 vectors of 8 signed values out of -1, 0, 1. */
  public static long[] iq1s() {
    return Grids.IQ1_S.clone();
  }

  /**
   * IQ2_XXS, IQ2_XS and IQ3_XXS: from a 7-bit number to the signs of 8 values, bit j set where
   * value j is negative. The number itself, and above it the bit that makes the count of ones even.
   */
  public static byte[] signs() {
    return SIGNS.clone();
  }

  /** IQ4_NL and IQ4_XS: the 16 levels. */
  public static byte[] iq4nl() {
    return IQ4_NL.clone();
  }

  /** MXFP4: twice the 16 values of the E2M1 format, to go with {@link #mxfp4Scale}. */
  public static byte[] mxfp4() {
    return MXFP4.clone();
  }

  /** MXFP4: half the scale that the exponent byte stands for, 2^(e-128), subnormal for 0 and 1. */
  public static float mxfp4Scale(int e) {
    return Float.intBitsToFloat(e < 2 ? 0x00200000 << e : (e - 1) << 23);
  }

  private static byte[] makeSigns() {
    byte[] signs = new byte[128];
    for (int i = 0; i < signs.length; i++) {
      signs[i] = (byte) (i | (Integer.bitCount(i) & 1) << 7);
    }
    return signs;
  }

  /** Read from the resource when the first I-quant is met, not before. */
  static final class Grids {
    static final long[] IQ2_XXS;
    static final long[] IQ2_XS;
    static final long[] IQ2_S;
    static final int[] IQ3_XXS;
    static final int[] IQ3_S;
    static final long[] IQ1_S;

    static {
      Map<String, long[]> grids = read("i-quant-grids.txt");
      IQ2_XXS = grid(grids, "iq2xxs", 256);
      IQ2_XS = grid(grids, "iq2xs", 512);
      IQ2_S = grid(grids, "iq2s", 1024);
      IQ3_XXS = ints(grid(grids, "iq3xxs", 256));
      IQ3_S = ints(grid(grids, "iq3s", 512));
      IQ1_S = grid(grids, "iq1s", 2048);
    }

    private Grids() {}

    private static long[] grid(Map<String, long[]> grids, String name, int size) {
      long[] grid = grids.get(name);
      if (grid == null || grid.length != size) {
        throw new IllegalStateException("the resource i-quant-grids.txt is damaged: " + name);
      }
      return grid;
    }

    private static int[] ints(long[] values) {
      int[] out = new int[values.length];
      for (int i = 0; i < out.length; i++) {
        out[i] = (int) values[i];
      }
      return out;
    }

    /** The resource's first lines say what its form is. */
    private static Map<String, long[]> read(String resource) {
      Map<String, long[]> grids = new HashMap<>();
      try (InputStream in = Objects.requireNonNull(Grids.class.getResourceAsStream(resource));
          BufferedReader lines =
              new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
        String name = null;
        String[] head = null;
        StringBuilder digits = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (line.startsWith("#")) {
            continue;
          }
          if (line.indexOf(' ') < 0) {
            digits.append(line);
            continue;
          }
          if (name != null) {
            grids.put(name, unpack(head, digits));
          }
          head = line.split(" ");
          name = head[0];
          digits.setLength(0);
        }
        grids.put(name, unpack(head, digits));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return grids;
    }

    private static long[] unpack(String[] head, CharSequence digits) {
      int values = Integer.parseInt(head[1]);
      int bits = Integer.parseInt(head[2]);
      byte[] levels = new byte[head.length - 3];
      for (int i = 0; i < levels.length; i++) {
        levels[i] = Byte.parseByte(head[i + 3]);
      }
      int width = values * bits / 4;
      long[] grid = new long[digits.length() / width];
      for (int i = 0; i < grid.length; i++) {
        int packed = Integer.parseInt(digits, i * width, (i + 1) * width, 16);
        for (int j = 0; j < values; j++) {
          int level = packed >> j * bits & (1 << bits) - 1;
          grid[i] |= (levels[level] & 0xFFL) << 8 * j;
        }
      }
      return grid;
    }
  }
}
