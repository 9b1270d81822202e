package dev.lamina.cpu.simd;

/**
 * Activations packed for {@link Gemm}: panels of {@link Gemm#COLS} rows (tokens), each transposed,
 * so that the values of all its tokens at one column are one run of vectors. The last panel is
 * filled up with zeros.
 */
public final class Panels {
  private static final int WIDTH = Gemm.COLS;

  private Panels() {}

  /** Panels that so many rows need. */
  public static int count(int rows) {
    return (rows + WIDTH - 1) / WIDTH;
  }

  /** Bytes of the panels of so many rows. */
  public static long bytes(int rows, int cols) {
    return (long) count(rows) * WIDTH * cols * Float.BYTES;
  }

  /** The address of a panel's column {@code col}. */
  public static long at(long panels, int cols, int panel, int col) {
    return panels + ((long) panel * cols + col) * WIDTH * Float.BYTES;
  }

  /** Rows of a panel that hold something, up to whole vectors. */
  public static int width(int rows, int panel) {
    return Math.min(WIDTH, Gemm.padCols(rows - panel * WIDTH));
  }

  /**
   * Packs some columns of one panel.
   *
   * @param x address of rows of {@code cols} floats
   * @param order which row comes where, or null for their own order
   * @param first the panel's first row (a number into {@code order})
   * @param height rows of the panel that there are; the rest up to whole vectors becomes zero
   * @param from first column
   * @param n columns to pack
   * @param target address of the panel's column {@code from}
   */
  public static void pack(
      long x, int cols, int[] order, int first, int height, int from, int n, long target) {
    int padded = Gemm.padCols(height);
    for (int t = 0; t < padded; t++) {
      long to = target + 4L * t;
      if (t < height) {
        int row = order == null ? first + t : order[first + t];
        long source = x + 4L * ((long) row * cols + from);
        for (int c = 0; c < n; c++) {
          Simd.storeFloat(to + 4L * WIDTH * c, Simd.loadFloat(source + 4L * c));
        }
      } else {
        for (int c = 0; c < n; c++) {
          Simd.storeFloat(to + 4L * WIDTH * c, 0f);
        }
      }
    }
  }
}
