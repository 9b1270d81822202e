package dev.lamina.cpu.panel;

import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.QuantTables;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The panel formats of the types with grids. Block layouts are ggml's ({@code ggml-common.h}). */
final class CodebookFormats {
  private static final int LINE = 64;
  private static final int RECORDS = 8;

  private CodebookFormats() {}

  static List<PanelFormat> all() {
    return List.of(iq2xxs(), iq2xs(), iq2s(), iq3xxs(), iq3s(), iq1s(), iq1m());
  }

  /** Codes of 2 bits from entries of 8, with signs. */
  private static PanelFormat.Planes eightsPlanes(boolean derivedSigns, int signs) {
    return (record, quad) ->
        List.of(
            Piece.derived(Codebook.LOOKUPS + LINE * (quad / 2), quad % 2 * 4, 2, 0),
            sign(derivedSigns, signs, record, quad));
  }

  /** Codes of 3 bits from entries of 4, with signs. */
  private static PanelFormat.Planes foursPlanes(boolean derivedSigns, int signs) {
    return (record, quad) ->
        List.of(
            Piece.derived(Codebook.LOOKUPS + LINE * quad, 0, 3, 0),
            sign(derivedSigns, signs, record, quad));
  }

  private static Piece sign(boolean derived, int signs, int record, int quad) {
    return derived
        ? Piece.derived(Codebook.SIGNS, quad, 1, 3)
        : new Piece(signs + LINE * record, quad, 1, 3);
  }

  private static List<Move> moves(List<List<Move>> parts) {
    List<Move> all = new ArrayList<>();
    parts.forEach(all::addAll);
    return all;
  }

  private static List<Move> lines(int source, int step, int target, int count) {
    return IntStream.range(0, count)
        .<Move>mapToObj(i -> new Move.Dwords(source + step * i, target + LINE * i, 0))
        .toList();
  }

  private static List<Move> words(int source, int target) {
    return List.of(new Move.Words(source, target));
  }

  /** The 8 bits of an index that stand in byte {@code lookup} of a line. */
  private static Field low(int line, int lookup) {
    return Field.of(line, 8 * lookup, 8, 0);
  }

  /** A scale of 4 bits for each part. */
  private static List<Field> nibble(int line, int part) {
    return List.of(Field.of(line + LINE * (part / 8), 4 * (part % 8), 4, 0));
  }

  /** 4 bits that stand where every eighth sign would: see {@link #packedSigns}. */
  private static List<Field> spare(int line) {
    return List.of(
        Field.of(line, 25, 1, 0),
        Field.of(line, 27, 1, 1),
        Field.of(line, 29, 1, 2),
        Field.of(line, 31, 1, 3));
  }

  /** Four times 7 signs and then a scale of 4 bits, which takes the places of the eighth signs. */
  private static Move packedSigns(int source, int target) {
    List<Move.Part> parts = new ArrayList<>();
    for (int l = 0; l < 4; l++) {
      parts.add(new Move.Part(source, 0x7f << 7 * l, -l));
      parts.add(new Move.Part(source, 1 << 28 + l, 21 - 7 * l));
    }
    return new Move.Parts(parts, target, Move.Shape.TRANSPOSED);
  }

  private static PanelFormat iq2xxs() {
    int signs = 8 * LINE;
    List<Move> packed = new ArrayList<>();
    for (int r = 0; r < RECORDS; r++) {
      packed.add(packedSigns(6 + 8 * r, signs + LINE * r));
    }
    return new PanelFormat(
        GgmlType.IQ2_XXS,
        32,
        64,
        107,
        0,
        eightsPlanes(true, signs),
        GridCodes.signed(GridCodes.MAGNITUDES_2, 64),
        new Scales.Odd(16 * LINE, 0.125f, part -> spare(signs + LINE * part)),
        moves(List.of(lines(2, 8, 0, RECORDS), packed, words(0, 16 * LINE))),
        new Codebook(
            GridCodes.eights(QuantTables.iq2xxs(), GridCodes.MAGNITUDES_2),
            4,
            (record, lookup) -> List.of(low(LINE * record, lookup)),
            null,
            signs));
  }

  private static PanelFormat iq2xs() {
    int signs = 8 * LINE;
    int scales = 16 * LINE;
    List<Move> packed = new ArrayList<>();
    for (int r = 0; r < RECORDS; r++) {
      int a = 2 + 8 * r;
      int b = a + 4;
      packed.add(
          new Move.Parts(
              List.of(
                  new Move.Part(a, 0xff, 0),
                  new Move.Part(a, 0xff0000, 8),
                  new Move.Part(b, 0xff, -16),
                  new Move.Part(b, 0xff0000, -8)),
              LINE * r,
              Move.Shape.LINE));
      packed.add(
          new Move.Parts(
              List.of(
                  new Move.Part(a, 0x7f << 9, 9),
                  new Move.Part(a, 0x7f << 25, 17),
                  new Move.Part(b, 0x7f << 9, -7),
                  new Move.Part(b, 0x7f << 25, 1),
                  new Move.Part(a, 1 << 8, 1),
                  new Move.Part(a, 1 << 24, 9),
                  new Move.Part(b, 1 << 8, -15),
                  new Move.Part(b, 1 << 24, -7)),
              signs + LINE * r,
              Move.Shape.TRANSPOSED));
    }
    return new PanelFormat(
        GgmlType.IQ2_XS,
        16,
        64,
        107,
        0,
        eightsPlanes(true, signs),
        GridCodes.signed(GridCodes.MAGNITUDES_2, 64),
        new Scales.Odd(18 * LINE, 0.125f, part -> nibble(scales, part)),
        moves(List.of(packed, lines(66, 4, scales, 2), words(0, 18 * LINE))),
        new Codebook(
            GridCodes.eights(QuantTables.iq2xs(), GridCodes.MAGNITUDES_2),
            4,
            (record, lookup) ->
                List.of(
                    low(LINE * record, lookup),
                    Field.of(signs + LINE * record, 25 + 2 * lookup, 1, 8)),
            null,
            signs));
  }

  private static List<Move> bits(int source, int target) {
    return IntStream.range(0, RECORDS)
        .<Move>mapToObj(i -> new Move.Bits(source + 4 * i, target + LINE * i))
        .toList();
  }

  private static PanelFormat iq2s() {
    int signs = 8 * LINE;
    int high = 16 * LINE;
    int scales = 18 * LINE;
    return new PanelFormat(
        GgmlType.IQ2_S,
        16,
        64,
        107,
        0,
        eightsPlanes(false, signs),
        GridCodes.signed(GridCodes.MAGNITUDES_2, 64),
        new Scales.Odd(20 * LINE, 0.125f, part -> nibble(scales, part)),
        moves(
            List.of(
                lines(2, 4, 0, RECORDS),
                bits(34, signs),
                lines(66, 4, high, 2),
                lines(74, 4, scales, 2),
                words(0, 20 * LINE))),
        new Codebook(
            GridCodes.eights(QuantTables.iq2s(), GridCodes.MAGNITUDES_2),
            4,
            (record, lookup) ->
                List.of(
                    low(LINE * record, lookup),
                    Field.of(high + LINE * (record / 4), 8 * (record % 4) + 2 * lookup, 2, 8)),
            null,
            -1));
  }

  private static PanelFormat iq3xxs() {
    int signs = 16 * LINE;
    List<Move> packed = new ArrayList<>();
    for (int r = 0; r < RECORDS; r++) {
      packed.add(packedSigns(66 + 4 * r, signs + LINE * r));
    }
    return new PanelFormat(
        GgmlType.IQ3_XXS,
        32,
        64,
        126,
        0,
        foursPlanes(true, signs),
        GridCodes.signed(GridCodes.MAGNITUDES_3, 64),
        new Scales.Odd(24 * LINE, 0.25f, part -> spare(signs + LINE * part)),
        moves(List.of(lines(2, 4, 0, 2 * RECORDS), packed, words(0, 24 * LINE))),
        new Codebook(
            GridCodes.fours(QuantTables.iq3xxs(), GridCodes.MAGNITUDES_3),
            8,
            (record, lookup) -> List.of(low(LINE * (2 * record + lookup / 4), lookup % 4)),
            null,
            signs));
  }

  private static PanelFormat iq3s() {
    int signs = 16 * LINE;
    int high = 24 * LINE;
    int scales = 26 * LINE;
    return new PanelFormat(
        GgmlType.IQ3_S,
        32,
        16,
        31,
        0,
        foursPlanes(false, signs),
        GridCodes.signed(GridCodes.MAGNITUDES_3S, 16),
        new Scales.Odd(27 * LINE, 1, part -> nibble(scales, part)),
        moves(
            List.of(
                lines(2, 4, 0, 2 * RECORDS),
                bits(74, signs),
                lines(66, 4, high, 2),
                lines(106, 4, scales, 1),
                words(0, 27 * LINE))),
        new Codebook(
            GridCodes.fours(QuantTables.iq3s(), GridCodes.MAGNITUDES_3S),
            8,
            (record, lookup) ->
                List.of(
                    low(LINE * (2 * record + lookup / 4), lookup % 4),
                    Field.of(high + LINE * (record / 4), 8 * (record % 4) + lookup, 1, 8)),
            null,
            -1));
  }

  /** Codes of 2 bits with the shift's bit above them. */
  private static List<Piece> shiftedPlanes(int record, int quad) {
    return List.of(Piece.derived(Codebook.LOOKUPS + LINE * (quad / 2), quad % 2 * 4, 3, 0));
  }

  private static PanelFormat iq1s() {
    int high = 8 * LINE;
    return new PanelFormat(
        GgmlType.IQ1_S,
        32,
        16,
        25,
        0,
        CodebookFormats::shiftedPlanes,
        GridCodes.shifted(),
        new Scales.Odd(
            12 * LINE,
            0.125f,
            part -> List.of(Field.of(high + LINE * (part / 2), 16 * (part % 2) + 12, 3, 0))),
        moves(List.of(lines(2, 4, 0, RECORDS), lines(34, 4, high, 4), words(0, 12 * LINE))),
        new Codebook(
            GridCodes.ternary(),
            4,
            (record, lookup) ->
                List.of(
                    low(LINE * record, lookup),
                    Field.of(high + LINE * (record / 2), 16 * (record % 2) + 3 * lookup, 3, 8)),
            (record, lookup) -> Field.of(high + LINE * (record / 2), 16 * (record % 2) + 15, 1, 0),
            -1));
  }

  private static PanelFormat iq1m() {
    int high = 8 * LINE;
    int scales = 12 * LINE;
    int words = 13 * LINE;
    int d = words + 32;
    Move low =
        new Move.Parts(
            List.of(
                new Move.Part(48, 0xfff, 0),
                new Move.Part(48, 0xfff0000, 4),
                new Move.Part(52, 0xff, -24)),
            scales,
            Move.Shape.LINE);
    Move rest =
        new Move.Parts(
            List.of(new Move.Part(52, 0xf00, 8), new Move.Part(52, 0xfff0000, 12)),
            words,
            Move.Shape.WORDS);
    Move all =
        new Move.Parts(
            List.of(
                new Move.Part(48, 0xf000, 12),
                new Move.Part(48, 0xf0000000, 24),
                new Move.Part(52, 0xf000, 4),
                new Move.Part(52, 0xf0000000, 16)),
            d,
            Move.Shape.WORDS);
    return new PanelFormat(
        GgmlType.IQ1_M,
        16,
        16,
        25,
        0,
        CodebookFormats::shiftedPlanes,
        GridCodes.shifted(),
        new Scales.Odd(d, 0.125f, part -> threeBits(scales, words, part)),
        moves(List.of(lines(0, 4, 0, RECORDS), lines(32, 4, high, 4), List.of(low, rest, all))),
        new Codebook(
            GridCodes.ternary(),
            4,
            (record, lookup) ->
                List.of(
                    low(LINE * record, lookup),
                    Field.of(high + LINE * (record / 2), 16 * (record % 2) + 4 * lookup, 3, 8)),
            (record, lookup) ->
                Field.of(high + LINE * (record / 2), 16 * (record % 2) + 4 * lookup + 3, 1, 0),
            -1));
  }

  /** The scales of 3 bits one after the other, 32 bits in a line and 16 in words. */
  private static List<Field> threeBits(int line, int words, int part) {
    int at = 3 * part;
    if (at + 3 <= 32) {
      return List.of(Field.of(line, at, 3, 0));
    }
    return at >= 32
        ? List.of(new Field(words, true, at - 32, 3, 0))
        : List.of(Field.of(line, at, 32 - at, 0), new Field(words, true, 0, at + 3 - 32, 32 - at));
  }
}
