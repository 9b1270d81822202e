package dev.lamina.cpu.kernel;

import dev.lamina.cpu.panel.InputFormat;
import dev.lamina.cpu.panel.PanelCode;
import dev.lamina.cpu.panel.PanelFormat;

/**
 * How panels are multiplied in steps of some rows: with what form of activations, and whether they
 * are decoded piece by piece before. Long rows are taken in pieces, so that the input of a tile
 * stays in the first-level cache and the panels in the second while all tiles go over them.
 */
final class ProductWay {
  /** Bytes of panels for rounded activations that stay in the second-level cache. */
  private static final int ROUNDED_GROUP_BYTES = 512 << 10;

  /** Panels that share a tile of input, about: fewer have it read more often from memory. */
  private static final int GROUP = 16;

  /** Bytes of input that stay in the first-level cache beside a panel. */
  private static final int TILE_BYTES = 24 << 10;

  /** Bytes of weights of what is best taken at once for a few tokens: some 50 microseconds. */
  private static final int MOST_BYTES = 512 << 10;

  /** Bytes of the smallest unit, which the last thread may be waited for. */
  private static final int LEAST_BYTES = 16 << 10;

  /** The most panels of a unit whose sums wait in scratch memory. */
  static final int MOST_PANELS = 64;

  private final PanelCode code;
  private final PanelFormat format;
  private final int cols;
  private final int panels;
  private final InputFormat input;
  private final boolean decodes;
  private final Tokens tokens;
  private final long decode;

  /** By the number of tokens; assembled when a step is planned that needs them. */
  private final long[] products;

  ProductWay(PanelCode code, Matrix weight, InputFormat input, boolean decodes) {
    this.code = code;
    this.format = weight.panels();
    this.cols = weight.cols();
    this.panels = PanelFormat.panels(weight.rows());
    this.input = input;
    this.decodes = decodes;
    this.tokens = new Tokens(input, code.mostTokens(input), cols);
    this.decode = decodes ? code.decode(format, input) : 0;
    this.products = new long[tokens.most() + 1];
  }

  boolean is(InputFormat input, boolean decodes) {
    return this.input.equals(input) && this.decodes == decodes;
  }

  Tokens tokens() {
    return tokens;
  }

  /** The address of the decoding, 0 where panels are multiplied as they are. */
  long decode() {
    return decode;
  }

  /** The address of the product of that many rows. */
  long product(int width) {
    return products[width];
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
      products[width] = code.product(format, decodes, input, width);
    }
  }

  /** Bytes of panels that stay in the second-level cache. */
  private long groupBytes() {
    if (input.rounded()) {
      return ROUNDED_GROUP_BYTES;
    }
    return code.cachedBytes(input);
  }

  /** Columns over which a group of panels is kept, or decoded. */
  int span(int rows) {
    if (once(rows) || input.rounded()) {
      return chunk(rows);
    }
    int block = format.columns();
    long most = groupBytes() / GROUP / pieceBytes(block);
    return (int) Math.min(cols, Math.max(1, most) * block);
  }

  /** Columns that are multiplied at a time. */
  int chunk(int rows) {
    if (once(rows)) {
      return cols;
    }
    int block = decodes ? InputFormat.VALUES : format.columns();
    long blockBytes = tokens.most() * input.rowBytes(block);
    return (int) Math.min(cols, Math.max(1, TILE_BYTES / blockBytes) * block);
  }

  /** Whether panels are read but once, and as they are. */
  boolean once(int rows) {
    return rows <= tokens.most() && !decodes;
  }

  /** Blocks that a product sees in so many columns. */
  int blocks(int cols) {
    return cols / (decodes ? InputFormat.VALUES : format.columns());
  }

  /** Bytes of a piece of a panel in the form that is multiplied. */
  long pieceBytes(int cols) {
    return decodes ? PanelCode.decodedBytes(format, input, cols) : format.panelBytes(cols);
  }

  /** How many units of a step with that many rows are best taken at once. */
  int atOnce(int rows, PanelShares shares) {
    return once(rows)
        ? (int) Math.max(1, MOST_BYTES / (shares.each() * format.panelBytes(cols)))
        : 1;
  }

  /** How threads share one row where each unit has to round it first: in fewer, larger units. */
  PanelShares largeShares(int workers) {
    long most = Math.max(1, MOST_BYTES / 4 / format.panelBytes(cols));
    return new PanelShares(panels, (int) Math.clamp(panels / (4L * workers), 1, most));
  }

  /** How threads share a step with that many rows. */
  PanelShares shares(int rows, int workers) {
    if (once(rows)) {
      // a thread's units follow each other, so that short ones make a long stream too
      return new PanelShares(panels, (int) Math.max(1, LEAST_BYTES / format.panelBytes(cols)));
    }
    long most = Math.max(1, groupBytes() / pieceBytes(span(rows)));
    if (!input.rounded()) {
      most = Math.min(most, MOST_PANELS);
    }
    int each = Math.clamp(panels / (4L * workers), 1, (int) most);
    return new PanelShares(panels, each);
  }
}
