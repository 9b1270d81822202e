package dev.lamina.cpu.panel;

import dev.lamina.gguf.GgmlType;
import java.util.List;

/**
 * How rows of one type lie in panels. A panel holds {@link #ROWS} rows; block after block, first
 * the lines of the values (a line: 4 values of each row), then the scales. Values are unsigned: a
 * weight is {@code scale * (value - offset)}, or {@code scale * value} plus or minus a minimum. A
 * panel takes as many bytes as its rows did. Panels of float types hold floats: 32 columns make a
 * block, and nothing but {@code type} and {@code moves} counts.
 *
 * @param type the type in the file
 * @param part values that share a scale: 32 or 16; 0 for float types
 * @param offset what the values are too large by
 * @param most the largest value
 * @param minimum whether minimums are added (1), taken away (-1), or there are none (0)
 * @param planes where the bits of values are
 * @param levels what the 16 values of 4 bits stand for, or null where they are the values
 * @param scales where the scales are
 * @param moves how a block is repacked
 * @param codebook where values are looked up in, or null
 * @param floats whether values are multiplied as float32, with activations as they are
 */
public record PanelFormat(
    GgmlType type,
    int part,
    int offset,
    int most,
    int minimum,
    Planes planes,
    byte[] levels,
    Scales scales,
    List<Move> moves,
    Codebook codebook,
    boolean floats) {
  /** Rows of a panel. */
  public static final int ROWS = 16;

  /** Where the bits of values are. */
  interface Planes {
    /** The pieces of values {@code 32 record + 4 quad} to {@code 32 record + 4 quad + 4}. */
    List<Piece> of(int record, int quad);
  }

  public PanelFormat {
    moves = List.copyOf(moves);
  }

  /** A format of quantized values. */
  PanelFormat(
      GgmlType type,
      int part,
      int offset,
      int most,
      int minimum,
      Planes planes,
      byte[] levels,
      Scales scales,
      List<Move> moves,
      Codebook codebook) {
    this(type, part, offset, most, minimum, planes, levels, scales, moves, codebook, false);
  }

  /** A format without a codebook. */
  PanelFormat(
      GgmlType type,
      int part,
      int offset,
      int most,
      int minimum,
      Planes planes,
      byte[] levels,
      Scales scales,
      List<Move> moves) {
    this(type, part, offset, most, minimum, planes, levels, scales, moves, null);
  }

  /** A format of float values, which are multiplied as they are. */
  static PanelFormat floats(GgmlType type, List<Move> moves) {
    return new PanelFormat(type, 0, 0, 0, 0, null, null, null, moves, null, true);
  }

  /** The same panels for products in float32. */
  public PanelFormat asFloats() {
    return new PanelFormat(
        type, part, offset, most, minimum, planes, levels, scales, moves, codebook, true);
  }

  /** Whether values have scales. */
  boolean quantized() {
    return part != 0;
  }

  /** How many bfloat16 numbers it takes for their sum to be a weight, whatever that is. */
  int splits() {
    return switch (type) {
      case BF16, MXFP4 -> 1;
      // 11 bits, and 11 bits of the scale times at most 4 of the value: two have room for 17
      case F16, Q4_0, Q5_0, TQ1_0, TQ2_0 -> 2;
      default -> InputFormat.SPLITS;
    };
  }

  /** Whether a row of that many values is made of whole blocks. */
  boolean fits(int cols) {
    return cols % columns() == 0;
  }

  /** Columns of a block. */
  public int columns() {
    return Math.max(InputFormat.VALUES, type.blockSize());
  }

  /** Records of 32 values in a block. */
  int records() {
    return columns() / InputFormat.VALUES;
  }

  /** Bytes that a block takes in one row of the file. */
  int rowBlockBytes() {
    return Math.toIntExact(type.rowBytes(columns()));
  }

  /** Bytes of a block of a panel. */
  int blockBytes() {
    return ROWS * rowBlockBytes();
  }

  /** Bytes of a panel. */
  public long panelBytes(int cols) {
    return ROWS * type.rowBytes(cols);
  }

  /** Panels of a matrix. */
  public static int panels(int rows) {
    return (rows + ROWS - 1) / ROWS;
  }

  /** Bytes of a matrix with that many experts. */
  public long bytes(int cols, int rows, int experts) {
    return panelBytes(cols) * panels(rows) * experts;
  }

  /** How activations must be rounded for it. */
  public InputFormat input() {
    return floats ? InputFormat.FLOATS : new InputFormat(part, offset);
  }
}
