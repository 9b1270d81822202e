package dev.lamina.cpu.kernel;

import dev.lamina.backend.Value;
import dev.lamina.cpu.simd.Simd;

/**
 * A matrix product. A few rows of input are multiplied straight from the weight's blocks; from
 * {@link #TILED_FROM} on, tiles of weight rows are decoded to float32 and multiplied with packed
 * input.
 */
public final class MatMulKernel extends Kernel {
  /** Rows of input from which the tiled product is the faster one. */
  public static final int TILED_FROM = 6;

  /** Weight bytes of a unit of matrix-vector work: some microseconds. */
  private static final int UNIT_BYTES = 32 << 10;

  private final Matrix weight;
  private final long bias;
  private final Value input;
  private final Place in;
  private final Place prepared;
  private final Place packed;
  private final Place out;
  private final int maxRows;
  private final int vectorRows;
  private int tileRows;

  /**
   * @param bias address of {@code weight.rows()} floats, or 0
   * @param prepared what the format's preparation wrote, or null where it has none
   * @param packed what {@link PackKernel} wrote, or null where steps are too small
   * @param maxRows the most rows that {@code input} can have
   */
  public MatMulKernel(
      Matrix weight,
      long bias,
      Value input,
      Place in,
      Place prepared,
      Place packed,
      Place out,
      int maxRows) {
    this.weight = weight;
    this.bias = bias;
    this.input = input;
    this.in = in;
    this.prepared = prepared;
    this.packed = packed;
    this.out = out;
    this.maxRows = maxRows;
    this.vectorRows = vectorRows(weight);
  }

  /** Rows of a unit of matrix-vector work: a multiple of 16, so that outputs end on cache lines. */
  static int vectorRows(Matrix weight) {
    return (int) Math.max(16, UNIT_BYTES / weight.rowBytes() / 16 * 16);
  }

  @Override
  public int plan(StepState step) {
    int n = step.rows(input.rows());
    if (n == 0) {
      return 0;
    }
    if (n < TILED_FROM) {
      return (weight.rows() + vectorRows - 1) / vectorRows;
    }
    tileRows = Tile.rows(weight.rows(), step.workers());
    return (weight.rows() + tileRows - 1) / tileRows;
  }

  @Override
  public long scratchBytes() {
    return Math.max(
        Tile.vectorScratch(weight), maxRows < TILED_FROM ? 0 : Tile.scratch(weight, maxRows));
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    int n = step.rows(input.rows());
    if (n < TILED_FROM) {
      vector(unit * vectorRows, n, scratch);
    } else {
      int first = unit * tileRows;
      int count = Math.min(tileRows, weight.rows() - first);
      long tile = Tile.multiply(weight, 0, first, count, packed.address(), n, scratch);
      Tile.store(tile, n, count, out.address() + 4L * first, weight.rows(), biasAt(first));
    }
  }

  private long biasAt(int row) {
    return bias == 0 ? 0 : bias + 4L * row;
  }

  private void vector(int first, int n, long scratch) {
    int count = Math.min(vectorRows, weight.rows() - first);
    long preparedBytes = prepared == null ? 0 : weight.format().preparation().bytes(weight.cols());
    for (int t = 0; t < n; t++) {
      long y = out.address() + 4L * ((long) t * weight.rows() + first);
      weight
          .format()
          .matVec(
              weight.row(0, first),
              weight.rowBytes(),
              count,
              weight.cols(),
              in.address() + 4L * t * weight.cols(),
              prepared == null ? 0 : prepared.address() + t * preparedBytes,
              scratch,
              y);
      if (bias != 0) {
        for (int r = 0; r < count; r++) {
          Simd.storeFloat(
              y + 4L * r, Simd.loadFloat(y + 4L * r) + Simd.loadFloat(biasAt(first) + 4L * r));
        }
      }
    }
  }
}
