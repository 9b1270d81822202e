package dev.lamina.cpu.panel;

import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.QuantTables;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The panel format of every type that has one. Block layouts are ggml's ({@code ggml-common.h}).
 */
public final class PanelFormats {
  private static final int LINE = 64;

  private static final Map<GgmlType, PanelFormat> ALL = new EnumMap<>(GgmlType.class);

  static {
    for (PanelFormat format :
        List.of(
            q80(), q40(), q41(), q50(), q51(), q2k(), q3k(), q4k(), q5k(), q6k(), iq4nl(), iq4xs(),
            mxfp4(), tq1(), tq2(), f32(), f16(), bf16())) {
      ALL.put(format.type(), format);
    }
    CodebookFormats.all().forEach(format -> ALL.put(format.type(), format));
  }

  private PanelFormats() {}

  /** The format of a type, or null where it has none. */
  public static PanelFormat of(GgmlType type) {
    return ALL.get(type);
  }

  /** The format of a matrix with that many columns, or null where it has none. */
  public static PanelFormat of(GgmlType type, int cols) {
    PanelFormat format = of(type);
    return format != null && format.fits(cols) ? format : null;
  }

  /** The same for products in float32. */
  public static PanelFormat floats(GgmlType type, int cols) {
    PanelFormat format = of(type, cols);
    return format == null ? null : format.asFloats();
  }

  /** The types that have one. */
  public static Set<GgmlType> types() {
    return EnumSet.copyOf(ALL.keySet());
  }

  /** Moves of {@code count} lines. */
  private static List<Move> lines(int source, int target, int count, int flip) {
    List<Move> moves = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      moves.add(new Move.Dwords(source + 4 * i, target + LINE * i, flip));
    }
    return moves;
  }

  private static List<Move> all(List<Move> lines, Move... more) {
    List<Move> moves = new ArrayList<>(lines);
    moves.addAll(List.of(more));
    return moves;
  }

  /** Values of 4 bits, the first 16 of 32 in low halves, in 4 lines for every record. */
  private static Piece nibble(int record, int quad) {
    return new Piece(LINE * (4 * record + quad % 4), quad < 4 ? 0 : 4, 4, 0);
  }

  private static PanelFormat q80() {
    return new PanelFormat(
        GgmlType.Q8_0,
        32,
        128,
        255,
        0,
        (record, quad) -> List.of(new Piece(LINE * quad, 0, 8, 0)),
        null,
        new Scales.Halves(512, -1),
        all(lines(2, 0, 8, 0x80808080), new Move.Words(0, 512)));
  }

  private static PanelFormat q40() {
    return new PanelFormat(
        GgmlType.Q4_0,
        32,
        8,
        15,
        0,
        (record, quad) -> List.of(nibble(record, quad)),
        null,
        new Scales.Halves(256, -1),
        all(lines(2, 0, 4, 0), new Move.Words(0, 256)));
  }

  private static PanelFormat q41() {
    return new PanelFormat(
        GgmlType.Q4_1,
        32,
        0,
        15,
        1,
        (record, quad) -> List.of(nibble(record, quad)),
        null,
        new Scales.Halves(256, 288),
        all(lines(4, 0, 4, 0), new Move.Words(0, 256), new Move.Words(2, 288)));
  }

  private static PanelFormat q50() {
    return new PanelFormat(
        GgmlType.Q5_0,
        32,
        16,
        31,
        0,
        (record, quad) -> List.of(nibble(record, quad), new Piece(256, quad, 1, 4)),
        null,
        new Scales.Halves(320, -1),
        all(lines(6, 0, 4, 0), new Move.Bits(2, 256), new Move.Words(0, 320)));
  }

  private static PanelFormat q51() {
    return new PanelFormat(
        GgmlType.Q5_1,
        32,
        0,
        31,
        1,
        (record, quad) -> List.of(nibble(record, quad), new Piece(256, quad, 1, 4)),
        null,
        new Scales.Halves(320, 352),
        all(
            lines(8, 0, 4, 0),
            new Move.Bits(4, 256),
            new Move.Words(0, 320),
            new Move.Words(2, 352)));
  }

  private static PanelFormat iq4nl() {
    return new PanelFormat(
        GgmlType.IQ4_NL,
        32,
        128,
        255,
        0,
        (record, quad) -> List.of(nibble(record, quad)),
        levels(QuantTables.iq4nl(), 128),
        new Scales.Halves(256, -1),
        all(lines(2, 0, 4, 0), new Move.Words(0, 256)));
  }

  private static PanelFormat mxfp4() {
    return new PanelFormat(
        GgmlType.MXFP4,
        32,
        16,
        28,
        0,
        (record, quad) -> List.of(nibble(record, quad)),
        levels(QuantTables.mxfp4(), 16),
        new Scales.Exponents(256),
        all(lines(1, 0, 4, 0), new Move.Bytes(0, 256)));
  }

  private static byte[] levels(byte[] signed, int offset) {
    byte[] levels = new byte[16];
    for (int i = 0; i < 16; i++) {
      levels[i] = (byte) (signed[i] + offset);
    }
    return levels;
  }

  private static PanelFormat q4k() {
    return new PanelFormat(
        GgmlType.Q4_K,
        32,
        0,
        15,
        -1,
        (record, quad) -> List.of(pair(record, quad)),
        null,
        new Scales.SixBits(2240, 2272, 2048),
        all(
            all(lines(16, 0, 32, 0), lines(4, 2048, 3, 0).toArray(Move[]::new)),
            new Move.Words(0, 2240),
            new Move.Words(2, 2272)));
  }

  private static PanelFormat q5k() {
    return new PanelFormat(
        GgmlType.Q5_K,
        32,
        0,
        31,
        -1,
        (record, quad) -> List.of(pair(record, quad), new Piece(2048 + LINE * quad, record, 1, 4)),
        null,
        new Scales.SixBits(2752, 2784, 2560),
        all(
            all(
                all(lines(48, 0, 32, 0), lines(16, 2048, 8, 0).toArray(Move[]::new)),
                lines(4, 2560, 3, 0).toArray(Move[]::new)),
            new Move.Words(0, 2752),
            new Move.Words(2, 2784)));
  }

  /** Values of 4 bits, an even record in the low halves of 8 lines, the next in the high ones. */
  private static Piece pair(int record, int quad) {
    return new Piece(LINE * (record / 2 * 8 + quad), record % 2 * 4, 4, 0);
  }

  private static PanelFormat q6k() {
    return new PanelFormat(
        GgmlType.Q6_K,
        16,
        32,
        63,
        0,
        (record, quad) -> {
          int half = record / 4;
          int of4 = record % 4;
          return List.of(
              new Piece(LINE * (half * 16 + of4 % 2 * 8 + quad), of4 / 2 * 4, 4, 0),
              new Piece(2048 + LINE * (half * 8 + quad), 2 * of4, 2, 4));
        },
        null,
        new Scales.SignedBytes(3328, 3072),
        all(
            all(
                all(lines(0, 0, 32, 0), lines(128, 2048, 16, 0).toArray(Move[]::new)),
                lines(192, 3072, 4, 0).toArray(Move[]::new)),
            new Move.Words(208, 3328)));
  }

  /** Values of 2 bits, 4 records in 8 lines. */
  private static Piece crumb(int record, int quad) {
    return new Piece(LINE * (record / 4 * 8 + quad), record % 4 * 2, 2, 0);
  }

  private static PanelFormat q3k() {
    return new PanelFormat(
        GgmlType.Q3_K,
        16,
        4,
        7,
        0,
        (record, quad) -> List.of(crumb(record, quad), new Piece(1024 + LINE * quad, record, 1, 2)),
        null,
        new Scales.SignedSixBits(1728, 1536),
        all(
            all(
                all(lines(32, 0, 16, 0), lines(0, 1024, 8, 0).toArray(Move[]::new)),
                lines(96, 1536, 3, 0).toArray(Move[]::new)),
            new Move.Words(108, 1728)));
  }

  private static PanelFormat q2k() {
    return new PanelFormat(
        GgmlType.Q2_K,
        16,
        0,
        3,
        -1,
        (record, quad) -> List.of(crumb(record, quad)),
        null,
        new Scales.Nibbles(1280, 1312, 1024),
        all(
            all(lines(16, 0, 16, 0), lines(0, 1024, 4, 0).toArray(Move[]::new)),
            new Move.Words(80, 1280),
            new Move.Words(82, 1312)));
  }

  private static PanelFormat iq4xs() {
    return new PanelFormat(
        GgmlType.IQ4_XS,
        32,
        128,
        255,
        0,
        (record, quad) -> List.of(nibble(record, quad)),
        levels(QuantTables.iq4nl(), 128),
        new Scales.SplitSixBits(2144, 2048, 2112),
        all(
            lines(8, 0, 32, 0),
            new Move.Dwords(4, 2048, 0),
            new Move.Words(2, 2112),
            new Move.Words(0, 2144)));
  }

  private static PanelFormat tq2() {
    return new PanelFormat(
        GgmlType.TQ2_0,
        32,
        1,
        3,
        0,
        (record, quad) -> List.of(crumb(record, quad)),
        null,
        new Scales.Halves(1024, -1),
        all(lines(0, 0, 16, 0), new Move.Words(64, 1024)));
  }

  /**
   * Bytes of five ternary digits, as they lie in the file: the digits of bytes 0 to 31 are values
   * of the first five records, those of bytes 32 to 47 of half records behind them; the last four
   * bytes have four digits each.
   */
  private static PanelFormat tq1() {
    return new PanelFormat(
        GgmlType.TQ1_0,
        32,
        1,
        2,
        0,
        (record, quad) -> {
          int half = 2 * (record - 5) + quad / 4;
          return List.of(
              record < 5
                  ? Piece.digit(LINE * quad, record)
                  : half < 5
                      ? Piece.digit(LINE * (8 + quad % 4), half)
                      : Piece.digit(LINE * 12, quad % 4));
        },
        null,
        new Scales.Halves(832, -1),
        all(lines(0, 0, 13, 0), new Move.Words(52, 832)));
  }

  /** A line for every column. */
  private static PanelFormat f32() {
    return PanelFormat.floats(GgmlType.F32, lines(0, 0, 32, 0));
  }

  /** Half a line for every column. */
  private static PanelFormat f16() {
    List<Move> moves = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      moves.add(words(4 * i, 0x0000ffff, 0, LINE * i));
      moves.add(words(4 * i, 0xffff0000, 16, LINE * i + LINE / 2));
    }
    return PanelFormat.floats(GgmlType.F16, moves);
  }

  private static Move words(int source, int mask, int right, int target) {
    return new Move.Parts(List.of(new Move.Part(source, mask, right)), target, Move.Shape.WORDS);
  }

  /** A line for two columns, the first in the low halves of dwords. */
  private static PanelFormat bf16() {
    return PanelFormat.floats(GgmlType.BF16, lines(0, 0, 16, 0));
  }
}
