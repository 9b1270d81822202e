package dev.lamina.cpu.kernel;

import dev.lamina.cpu.format.WeightFormat;
import dev.lamina.cpu.simd.Gemm;
import dev.lamina.cpu.simd.Panels;
import dev.lamina.cpu.simd.Simd;

/** The tiled product of some weight rows, which experts share. */
final class Tile {
  /** Columns decoded at a time: a tile of them stays in the second-level cache. */
  private static final int DEPTH = 512;

  private static final int MAX_ROWS = 96;

  /** Floats that keep the rows of a decoded tile from falling into the same cache sets. */
  private static final int PAD = 16;

  private Tile() {}

  /** Weight rows of a unit: large enough to be worth it, small enough to share evenly. */
  static int rows(int rows, int workers) {
    int even = (rows + 4 * workers - 1) / (4 * workers);
    return Math.clamp(Gemm.padRows(even), Gemm.ROWS, MAX_ROWS);
  }

  static long vectorScratch(Matrix weight) {
    return 4L * weight.cols() * WeightFormat.SCRATCH_ROWS + 64;
  }

  private static long stride(Matrix weight) {
    return 4L * (Math.min(DEPTH, weight.cols()) + PAD);
  }

  static long scratch(Matrix weight, int n) {
    return MAX_ROWS * (stride(weight) + 4L * Panels.count(n) * Gemm.COLS);
  }

  /**
   * Multiplies {@code count} weight rows with {@code n} packed rows.
   *
   * @return the address of the product, {@code [count][panels * COLS]} floats, in scratch
   */
  static long multiply(
      Matrix weight, int expert, int first, int count, long packed, int n, long scratch) {
    int cols = weight.cols();
    long stride = stride(weight);
    long product = scratch + MAX_ROWS * stride;
    long productStride = 4L * Panels.count(n) * Gemm.COLS;
    long blockBytes = weight.format().type().blockBytes();
    int blockSize = weight.format().type().blockSize();
    Simd.zero(product, Gemm.padRows(count) * productStride);
    for (int from = 0; from < cols; from += DEPTH) {
      int depth = Math.min(DEPTH, cols - from);
      long source = weight.row(expert, first) + from / blockSize * blockBytes;
      for (int r = 0; r < count; r++) {
        weight.format().decode(source + r * weight.rowBytes(), scratch + r * stride, depth);
      }
      for (int panel = 0; panel < Panels.count(n); panel++) {
        Gemm.multiply(
            scratch,
            stride,
            Panels.at(packed, cols, panel, from),
            product + 4L * panel * Gemm.COLS,
            productStride,
            count,
            Panels.width(n, panel),
            depth);
      }
    }
    return product;
  }

  /** Writes a product to rows of output, transposed; {@code bias} may be 0. */
  static void store(long product, int n, int count, long out, int outWidth, long bias) {
    long productStride = 4L * Panels.count(n) * Gemm.COLS;
    for (int t = 0; t < n; t++) {
      long to = out + 4L * t * outWidth;
      long from = product + 4L * t;
      if (bias == 0) {
        for (int r = 0; r < count; r++) {
          Simd.storeFloat(to + 4L * r, Simd.loadFloat(from + r * productStride));
        }
      } else {
        for (int r = 0; r < count; r++) {
          Simd.storeFloat(
              to + 4L * r,
              Simd.loadFloat(from + r * productStride) + Simd.loadFloat(bias + 4L * r));
        }
      }
    }
  }

  /** Writes a product to the rows of output that {@code order} names from {@code start} on. */
  static void storeRows(
      long product, int n, int count, long out, int outWidth, int[] order, int start) {
    long productStride = 4L * Panels.count(n) * Gemm.COLS;
    for (int t = 0; t < n; t++) {
      long to = out + 4L * order[start + t] * outWidth;
      for (int r = 0; r < count; r++) {
        Simd.storeFloat(to + 4L * r, Simd.loadFloat(product + 4L * t + r * productStride));
      }
    }
  }
}
