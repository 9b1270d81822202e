package dev.lamina.cpu.kernel;

import dev.lamina.backend.Value;
import dev.lamina.cpu.format.InterleavedQ4;
import dev.lamina.cpu.simd.Gemm;
import dev.lamina.cpu.simd.Simd;

/**
 * A matrix product with a weight in the layout of {@link InterleavedQ4}. Tiles of weight rows are
 * decoded with the rows side by side, so that they are the columns of {@link Gemm} and the input is
 * used as it lies.
 */
public final class InterleavedMatMulKernel extends Kernel {
  private static final int UNIT_BYTES = 32 << 10;

  /** Columns decoded at a time. */
  private static final int DEPTH = 512;

  private final Matrix weight;
  private final long bias;
  private final Value input;
  private final Place in;
  private final Place prepared;
  private final Place out;
  private final int maxRows;
  private final int groups;
  private final int groupsPerUnit;

  /**
   * @param bias address of {@code weight.rows()} floats, or 0
   * @param prepared what {@link InterleavedQ4#INPUT} wrote
   */
  public InterleavedMatMulKernel(
      Matrix weight, long bias, Value input, Place in, Place prepared, Place out, int maxRows) {
    this.weight = weight;
    this.bias = bias;
    this.input = input;
    this.in = in;
    this.prepared = prepared;
    this.out = out;
    this.maxRows = maxRows;
    this.groups = weight.rows() / Simd.LANES;
    this.groupsPerUnit = (int) Math.max(1, UNIT_BYTES / InterleavedQ4.groupBytes(weight.cols()));
  }

  @Override
  public int plan(StepState step) {
    int n = step.rows(input.rows());
    if (n == 0) {
      return 0;
    }
    int perUnit = n < MatMulKernel.TILED_FROM ? groupsPerUnit : Gemm.COLS / Simd.LANES;
    return (groups + perUnit - 1) / perUnit;
  }

  @Override
  public long scratchBytes() {
    return maxRows < MatMulKernel.TILED_FROM ? 0 : 4L * Gemm.COLS * (DEPTH + Gemm.padRows(maxRows));
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    int n = step.rows(input.rows());
    if (n < MatMulKernel.TILED_FROM) {
      vector(unit * groupsPerUnit, n);
    } else {
      tile(unit * (Gemm.COLS / Simd.LANES), n, scratch);
    }
  }

  private long group(int group) {
    return weight.address() + group * InterleavedQ4.groupBytes(weight.cols());
  }

  private void vector(int first, int n) {
    int end = Math.min(groups, first + groupsPerUnit);
    long bytes = InterleavedQ4.INPUT.bytes(weight.cols());
    for (int t = 0; t < n; t++) {
      for (int g = first; g < end; g++) {
        int row = g * Simd.LANES;
        long to = out.address() + 4L * ((long) t * weight.rows() + row);
        InterleavedQ4.matVec(group(g), weight.cols(), prepared.address() + t * bytes, to);
        if (bias != 0) {
          Simd.store(Simd.load(to).add(Simd.load(bias + 4L * row)), to);
        }
      }
    }
  }

  private void tile(int first, int n, long scratch) {
    int count = Math.min(Gemm.COLS / Simd.LANES, groups - first);
    int cols = weight.cols();
    long step = 4L * Gemm.COLS;
    long product = scratch + step * DEPTH;
    Simd.zero(product, step * Gemm.padRows(n));
    for (int from = 0; from < cols; from += DEPTH) {
      int depth = Math.min(DEPTH, cols - from);
      InterleavedQ4.decode(group(first), count, cols, from, depth, scratch);
      Gemm.multiply(
          in.address() + 4L * from,
          4L * cols,
          scratch,
          product,
          step,
          n,
          count * Simd.LANES,
          depth);
    }
    int row = first * Simd.LANES;
    for (int t = 0; t < n; t++) {
      long to = out.address() + 4L * ((long) t * weight.rows() + row);
      long from = product + t * step;
      for (int i = 0; i < count * Simd.LANES; i += Simd.LANES) {
        var sum = Simd.load(from + 4L * i);
        if (bias != 0) {
          sum = sum.add(Simd.load(bias + 4L * (row + i)));
        }
        Simd.store(sum, to + 4L * i);
      }
    }
  }
}
