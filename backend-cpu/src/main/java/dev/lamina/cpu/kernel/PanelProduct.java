package dev.lamina.cpu.kernel;

import dev.lamina.cpu.code.NativeCode;
import dev.lamina.cpu.panel.InputFormat;
import dev.lamina.cpu.panel.PanelCode;
import dev.lamina.cpu.panel.PanelFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Products of some panels of a matrix with rounded rows. */
final class PanelProduct {
  /** What a product begins with where nothing is to be added. */
  private static final long ZEROS = Arena.global().allocate(64, 64).address();

  private final PanelCode code;
  private final Matrix weight;
  private final PanelFormat format;
  private final long panelBytes;
  private final long bias;
  private final List<ProductWay> ways = new ArrayList<>();

  /**
   * @param bias address of {@code weight.rows()} floats, or 0
   */
  PanelProduct(PanelCode code, Matrix weight, long bias) {
    this.code = code;
    this.weight = weight;
    this.format = weight.panels();
    this.panelBytes = format.panelBytes(weight.cols());
    this.bias = bias;
  }

  /** How steps of that many rows are multiplied; to be asked when a step is planned. */
  ProductWay way(int rows) {
    InputFormat input = code.input(format, rows);
    boolean decodes = code.decodes(format, input, rows);
    for (ProductWay way : ways) {
      if (way.is(input, decodes)) {
        return way;
      }
    }
    ProductWay way = new ProductWay(code, weight, input, decodes);
    ways.add(way);
    return way;
  }

  /** Panels of one matrix. */
  int panels() {
    return PanelFormat.panels(weight.rows());
  }

  /** Where a panel begins. */
  long address(int panel) {
    return weight.address() + panel * panelBytes;
  }

  /** Bytes of scratch memory for any way. */
  long scratchBytes() {
    return decoded(0) + (format.input().rounded() ? 0 : PanelCode.MOST_CACHED);
  }

  /** Where sums wait for more to be added. */
  private static long sums(long scratch) {
    return scratch + PanelCode.CALL_SCRATCH;
  }

  /** Where decoded panels lie, behind these. */
  private long decoded(long scratch) {
    int panels = format.input().rounded() ? 1 : ProductWay.MOST_PANELS + 1;
    return sums(scratch) + 64L * panels * PanelCode.MOST_TOKENS;
  }

  /**
   * Some panels of an expert's matrix, over some columns.
   *
   * @param weights address of the first one there
   * @param step bytes from panel to panel
   */
  private record Group(
      ProductWay way, int first, int end, long weights, long step, int from, int depth) {}

  /**
   * Multiplies panels {@code first} to {@code end} of an expert's matrix.
   *
   * @param input address of the rounded rows, as {@link Tokens} says
   * @param out address of the first row's result for the matrix' first row
   * @param outStride bytes from row to row
   */
  void run(
      ProductWay way,
      int expert,
      int first,
      int end,
      long input,
      int rows,
      long out,
      long outStride,
      long scratch) {
    Tokens tokens = way.tokens();
    int span = way.span(rows);
    int chunk = way.chunk(rows);
    for (int from = 0; from < weight.cols(); from += span) {
      int depth = Math.min(span, weight.cols() - from);
      Group group = group(way, expert, first, end, from, depth, scratch);
      for (int tile = 0; tile < tokens.tiles(rows); tile++) {
        int width = tokens.width(rows, tile);
        long x = input + tokens.tile(tile) + width * tokens.format().rowBytes(from);
        long to = out + tile * tokens.most() * outStride;
        int next = Math.min(tile + 1, tokens.tiles(rows) - 1);
        long after =
            input + tokens.tile(next) + tokens.width(rows, next) * tokens.format().rowBytes(from);
        for (int at = 0; at < depth; at += chunk) {
          boolean last = at + chunk >= depth;
          long begin = x + width * tokens.format().rowBytes(at);
          long ahead = last ? after : begin + width * tokens.format().rowBytes(chunk);
          int count = Math.min(chunk, depth - at);
          piece(group, begin, ahead, width, at, count, to, outStride, scratch);
        }
      }
    }
  }

  private Group group(
      ProductWay way, int expert, int first, int end, int from, int depth, long scratch) {
    long panel = weight.address() + ((long) expert * panels() + first) * panelBytes;
    long weights = panel + format.panelBytes(from);
    if (way.decode() == 0) {
      return new Group(way, first, end, weights, panelBytes, from, depth);
    }
    long step = way.pieceBytes(depth);
    int blocks = depth / format.columns();
    long decoded = decoded(scratch);
    for (int p = 0; p < end - first; p++) {
      PanelCode.decode(way.decode(), weights + p * panelBytes, blocks, decoded + p * step, scratch);
    }
    return new Group(way, first, end, decoded, step, from, depth);
  }

  /**
   * Multiplies a group with a tile, over some of its columns.
   *
   * @param at the first of them, counted from the group's first
   */
  private void piece(
      Group group,
      long x,
      long ahead,
      int width,
      int at,
      int columns,
      long out,
      long outStride,
      long scratch) {
    ProductWay way = group.way;
    boolean begins = at == 0;
    boolean ends = at + columns == group.depth;
    boolean fresh = group.from == 0;
    long product = way.product(width);
    long weights = group.weights + way.pieceBytes(at);
    long skip = group.step - way.pieceBytes(columns);
    int blocks = way.blocks(columns);
    int whole = Math.min(group.end, weight.rows() / PanelFormat.ROWS) - group.first;
    long to = out + 64L * group.first;
    long sums = sums(scratch);
    // a line more, not to fall into the same cache sets
    long sumStride = 64L * (group.end - group.first + 1);
    long start = bias == 0 ? ZEROS : bias + 64L * group.first;
    int startStep = start == ZEROS ? 0 : 64;
    if (whole > 0) {
      long init = !begins ? sums : fresh ? start : to;
      PanelCode.product(
          product,
          weights,
          skip,
          whole,
          x,
          blocks,
          ends ? to : sums,
          ends ? outStride : sumStride,
          init,
          !begins ? sumStride : fresh ? 0 : outStride,
          begins && fresh ? startStep : 64,
          ahead,
          scratch);
    }
    if (group.first + whole < group.end) {
      // the last panel is not full: always by way of memory where 16 results can be written
      int count = weight.rows() % PanelFormat.ROWS;
      boolean alone = begins && ends;
      long some = alone ? sums : sums + 64L * whole;
      long stride = alone ? 64 : sumStride;
      long last = to + 64L * whole;
      if (begins && !fresh) {
        copy(last, outStride, some, stride, width, count);
      }
      boolean starts = begins && fresh;
      PanelCode.product(
          product,
          weights + whole * group.step,
          skip,
          1,
          x,
          blocks,
          some,
          stride,
          starts ? start + (long) whole * startStep : some,
          starts ? 0 : stride,
          0,
          ahead,
          scratch);
      if (ends) {
        copy(some, stride, last, outStride, width, count);
      }
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
