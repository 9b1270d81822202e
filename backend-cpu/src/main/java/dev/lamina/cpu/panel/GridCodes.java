package dev.lamina.cpu.panel;

import dev.lamina.gguf.QuantTables;

/**
 * The values of grids as codes of few bits: what a {@link Codebook} holds, and the levels that its
 * codes stand for. The magnitudes are ggml's, of the tables in {@code ggml-common.h}.
 */
final class GridCodes {
  static final byte[] MAGNITUDES_2 = {8, 25, 43};
  static final byte[] MAGNITUDES_3 = {4, 12, 20, 28, 36, 44, 52, 62};
  static final byte[] MAGNITUDES_3S = {1, 3, 5, 7, 9, 11, 13, 15};

  private GridCodes() {}

  /** Entries of 8 values: the codes of the first four in low halves of bytes, then in high ones. */
  static int[] eights(long[] grid, byte[] magnitudes) {
    int[] entries = new int[grid.length];
    for (int e = 0; e < grid.length; e++) {
      for (int i = 0; i < 8; i++) {
        int code = code((byte) (grid[e] >>> 8 * i), magnitudes);
        entries[e] |= code << 8 * (i % 4) + i / 4 * 4;
      }
    }
    return entries;
  }

  /** Entries of 4 values, a byte each. */
  static int[] fours(int[] grid, byte[] magnitudes) {
    int[] entries = new int[grid.length];
    for (int e = 0; e < grid.length; e++) {
      for (int i = 0; i < 4; i++) {
        entries[e] |= code((byte) (grid[e] >>> 8 * i), magnitudes) << 8 * i;
      }
    }
    return entries;
  }

  private static int code(byte value, byte[] magnitudes) {
    for (int code = 0; code < magnitudes.length; code++) {
      if (magnitudes[code] == value) {
        return code;
      }
    }
    throw new AssertionError(value + " is no value of the grid");
  }

  /** What codes with a sign above them stand for. */
  static byte[] signed(byte[] magnitudes, int offset) {
    byte[] levels = new byte[16];
    for (int i = 0; i < magnitudes.length; i++) {
      levels[i] = (byte) (offset + magnitudes[i]);
      levels[8 + i] = (byte) (offset - magnitudes[i]);
    }
    return levels;
  }

  /** Eight times the values -1, 0, 1, plus 1, or less 1 where the shift's bit is set. */
  static byte[] shifted() {
    byte[] levels = new byte[16];
    for (int code = 0; code < 3; code++) {
      levels[code] = (byte) (16 + 8 * (code - 1) + 1);
      levels[4 + code] = (byte) (16 + 8 * (code - 1) - 1);
    }
    return levels;
  }

  /** The grid of the types of one bit: the values -1, 0, 1 as codes of 2 bits. */
  static int[] ternary() {
    return eights(QuantTables.iq1s(), new byte[] {-1, 0, 1});
  }
}
