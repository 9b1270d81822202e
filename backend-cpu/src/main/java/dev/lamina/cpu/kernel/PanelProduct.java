package dev.lamina.cpu.kernel;

import dev.lamina.cpu.code.NativeCode;
import dev.lamina.cpu.panel.PanelCode;
import dev.lamina.cpu.panel.PanelFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Products of some panels of a matrix with rounded rows: long rows in pieces, so that the input of
 * a tile stays in the first-level cache and the panels in the second while all tiles go over them.
 */
final class PanelProduct {
  /** Bytes of panels that stay in the second-level cache. */
  private static final int GROUP_BYTES = 512 << 10;

  /** Bytes of rounded input that stay in the first-level cache beside a panel. */
  private static final int TILE_BYTES = 24 << 10;

  /** Bytes of weights of the largest unit of a few tokens: some microseconds. */
  private static final int MOST_BYTES = 128 << 10;

  /** Bytes of the smallest one, where many threads share a small matrix. */
  private static final int LEAST_BYTES = 16 << 10;

  /** What a product begins with where nothing is to be added. */
  private static final long ZEROS = Arena.global().allocate(64, 64).address();

  private final PanelCode code;
  private final Matrix weight;
  private final PanelFormat format;
  private final long panelBytes;
  private final long bias;
  private final Tokens tokens;

  /** By the number of tokens; assembled when a step is planned that needs them. */
  private final long[] products;

  /**
   * @param bias address of {@code weight.rows()} floats, or 0
   */
  PanelProduct(PanelCode code, Matrix weight, long bias) {
    this.code = code;
    this.weight = weight;
    this.format = weight.panels();
    this.panelBytes = format.panelBytes(weight.cols());
    this.bias = bias;
    this.tokens = new Tokens(format.input(), code.mostTokens(format.input()), weight.cols());
    this.products = new long[tokens.most() + 1];
  }

  Tokens tokens() {
    return tokens;
  }

  /** Panels of one matrix. */
  int panels() {
    return PanelFormat.panels(weight.rows());
  }

  /** Where a panel begins. */
  long address(int panel) {
    return weight.address() + panel * panelBytes;
  }

  /** How threads share a step with that many rows. */
  PanelShares shares(int rows, int workers) {
    if (rows <= tokens.most()) {
      // read once; a thread's units follow each other, so that short ones make a long stream too
      int least = (int) Math.max(1, LEAST_BYTES / panelBytes);
      int most = (int) Math.max(1, MOST_BYTES / panelBytes);
      return new PanelShares(panels(), Math.clamp(panels() / (4L * workers), least, most));
    }
    long most = GROUP_BYTES / (PanelFormat.ROWS * format.type().rowBytes(chunk(rows)));
    int each = Math.clamp(panels() / (4L * workers), 1, (int) Math.max(1, most));
    return new PanelShares(panels(), each);
  }

  /** Columns of a piece. */
  private int chunk(int rows) {
    if (rows <= tokens.most()) {
      return weight.cols();
    }
    int block = format.columns();
    long blockBytes = tokens.most() * tokens.format().rowBytes(block);
    return (int) Math.min(weight.cols(), Math.max(1, TILE_BYTES / blockBytes) * block);
  }

  /** Has the code ready for steps of that many rows. */
  void prepare(int rows) {
    if (rows >= tokens.most()) {
      prepareOne(tokens.most());
    }
    if (rows % tokens.most() != 0) {
      prepareOne(rows % tokens.most());
    }
  }

  void prepareOne(int width) {
    if (products[width] == 0) {
      products[width] = code.product(format, width);
    }
  }

  long scratchBytes() {
    return PanelCode.CALL_SCRATCH + 64L * tokens.most();
  }

  /**
   * Multiplies panels {@code first} to {@code end} of an expert's matrix.
   *
   * @param input address of the rounded rows, as {@link Tokens} says
   * @param out address of the first row's result for the matrix' first row
   * @param outStride bytes from row to row
   */
  void run(
      int expert,
      int first,
      int end,
      long input,
      int rows,
      long out,
      long outStride,
      long scratch) {
    int chunk = chunk(rows);
    for (int from = 0; from < weight.cols(); from += chunk) {
      int depth = Math.min(chunk, weight.cols() - from);
      for (int tile = 0; tile < tokens.tiles(rows); tile++) {
        int width = tokens.width(rows, tile);
        long x = input + tokens.tile(tile) + width * tokens.format().rowBytes(from);
        long to = out + tile * tokens.most() * outStride;
        piece(expert, first, end, x, width, from, depth, to, outStride, scratch);
      }
    }
  }

  private void piece(
      int expert,
      int first,
      int end,
      long x,
      int width,
      int from,
      int depth,
      long out,
      long outStride,
      long scratch) {
    long panel = weight.address() + ((long) expert * panels() + first) * panelBytes;
    long weights = panel + format.panelBytes(from);
    long skip = panelBytes - format.panelBytes(depth);
    int blocks = depth / format.columns();
    int whole = Math.min(end, weight.rows() / PanelFormat.ROWS) - first;
    long to = out + 64L * first;
    long init = from > 0 ? to : bias == 0 ? ZEROS : bias + 64L * first;
    long initStride = from > 0 ? outStride : 0;
    if (whole > 0) {
      PanelCode.product(
          products[width],
          weights,
          skip,
          whole,
          x,
          blocks,
          to,
          outStride,
          init,
          initStride,
          init == ZEROS ? 0 : 64,
          scratch);
    }
    if (first + whole < end) {
      // the last panel is not full: by way of memory where 16 results can be written
      long some = scratch + PanelCode.CALL_SCRATCH;
      int count = weight.rows() % PanelFormat.ROWS;
      long last = to + 64L * whole;
      if (from > 0) {
        copy(last, outStride, some, 64, width, count);
      }
      PanelCode.product(
          products[width],
          weights + whole * panelBytes,
          skip,
          1,
          x,
          blocks,
          some,
          64,
          from > 0 ? some : init == ZEROS ? init : init + 64L * whole,
          from > 0 ? 64 : 0,
          0,
          scratch);
      copy(some, 64, last, outStride, width, count);
    }
  }

  private static void copy(
      long source, long sourceStride, long target, long targetStride, int rows, int floats) {
    for (int t = 0; t < rows; t++) {
      MemorySegment.copy(
          NativeCode.ALL,
          source + t * sourceStride,
          NativeCode.ALL,
          target + t * targetStride,
          4L * floats);
    }
  }
}
