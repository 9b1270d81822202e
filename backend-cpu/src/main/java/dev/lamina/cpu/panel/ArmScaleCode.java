package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.ArmAssembler;
import dev.lamina.cpu.code.ArmAssembler.Size;
import dev.lamina.cpu.code.Neon;
import java.util.List;

/**
 * The part of a product for AArch64 that finds the scales: as {@link ScaleCode}, but the kinds of
 * scales are brought to numbers of some fields of bits first, which are then all treated alike.
 */
final class ArmScaleCode {
  private static final int MINIMUMS = 64 * 16;

  /**
   * Four scales in the bytes of dwords, before they are multiplied.
   *
   * @param fields bits of every byte of a line, counted in that byte
   * @param signed whether the number that they make has a sign
   * @param plus what is added to it
   */
  private record Four(List<Field> fields, boolean signed, int plus) {
    static Four of(Field... fields) {
      return new Four(List.of(fields), false, 0);
    }
  }

  private final ArmRegisters registers;
  private final ArmAssembler asm;
  private final Scales scales;
  private final int parts;
  private final boolean minimums;

  ArmScaleCode(ArmRegisters registers, PanelFormat format) {
    this.registers = registers;
    this.asm = registers.asm;
    this.scales = format.scales();
    this.parts = format.type().blockSize() / format.part();
    this.minimums = format.minimum() != 0;
  }

  /** Loads the scale of a part of a block for the rows of a quarter; spoils {@code spare}. */
  void scale(int target, int spare, int part, int quarter) {
    switch (scales) {
      case Scales.Halves s -> registers.halves(target, s.d(), quarter);
      case Scales.Exponents s -> {
        registers.bytes(target, s.at(), quarter);
        asm.shift(Neon.SHL_4S, target, target, 23);
        // half of 2^(e - 127); the two smallest, which are subnormal, become zero
        asm.splat(spare, 1 << 23);
        asm.op(Neon.SUB_4S, target, target, spare);
        asm.splatByte(spare, 0);
        asm.op(Neon.SMAX_4S, target, target, spare);
      }
      case Scales.Odd _,
          Scales.SixBits _,
          Scales.SignedSixBits _,
          Scales.Nibbles _,
          Scales.SignedBytes _,
          Scales.SplitSixBits _ ->
          waiting(target, 64 * part, quarter);
    }
  }

  /** Loads the minimum of a part of a block. */
  void minimum(int target, int part, int quarter) {
    if (scales instanceof Scales.Halves s) {
      registers.halves(target, s.min(), quarter);
    } else {
      waiting(target, MINIMUMS + 64 * part, quarter);
    }
  }

  private void waiting(int target, int at, int quarter) {
    asm.load(Size.Q, target, ArmRegisters.SCRATCH, at + 16 * quarter);
  }

  /**
   * Computes the scales of a block, where it has many.
   *
   * @param d register to use, as the other three
   */
  void block(int quarter, int d, int number, int spare, int less) {
    switch (scales) {
      case Scales.Halves _, Scales.Exponents _ -> {}
      case Scales.Odd s -> odd(s, quarter, d, number, spare, less);
      case Scales.SixBits s -> all(s.d(), s.min(), quarter, d, number, spare, less);
      case Scales.Nibbles s -> all(s.d(), s.min(), quarter, d, number, spare, less);
      case Scales.SignedSixBits s -> all(s.d(), -1, quarter, d, number, spare, less);
      case Scales.SignedBytes s -> all(s.d(), -1, quarter, d, number, spare, less);
      case Scales.SplitSixBits s -> split(s, quarter, d, number, spare, less);
    }
  }

  private void odd(Scales.Odd s, int quarter, int d, int number, int spare, int twice) {
    registers.halves(d, s.d(), quarter);
    asm.splat(spare, Float.floatToRawIntBits(s.factor()));
    asm.op(Neon.FMUL, d, d, spare);
    asm.op(Neon.FADD, twice, d, d);
    for (int i = 0; i < parts; i++) {
      registers.number(number, spare, s.fields().apply(i), false, quarter);
      asm.op(Neon.SCVTF, number, number);
      asm.op(Neon.FMUL, number, number, twice);
      asm.op(Neon.FADD, number, number, d);
      asm.store(Size.Q, number, ArmRegisters.SCRATCH, 64 * i + 16 * quarter);
    }
  }

  private void all(int at, int minimum, int quarter, int d, int number, int spare, int less) {
    for (int kind = 0; kind < (minimums ? 2 : 1); kind++) {
      registers.halves(d, kind == 0 ? at : minimum, quarter);
      int to = kind * MINIMUMS + 16 * quarter;
      for (int group = 0; group < parts / 4; group++) {
        Four four = kind == 0 ? scales(group) : minimums(group);
        registers.byteNumbers(number, spare, four.fields, quarter);
        if (four.plus != 0) {
          asm.splatByte(less, four.plus & 255);
          asm.op(Neon.ADD_16B, number, number, less);
        }
        for (int i = 0; i < 4; i++) {
          int from = number;
          if (i < 3) {
            asm.shift(Neon.SHL_4S, spare, number, 24 - 8 * i);
            from = spare;
          }
          asm.shift(four.signed ? Neon.SSHR_4S : Neon.USHR_4S, spare, from, 24);
          finish(spare, d, to + 64 * (4 * group + i));
        }
      }
    }
  }

  private void split(Scales.SplitSixBits s, int quarter, int d, int number, int spare, int less) {
    registers.halves(d, s.d(), quarter);
    asm.splat(less, -32);
    for (int i = 0; i < parts; i++) {
      Field low = Field.of(s.low(), 4 * i, 4, 0);
      Field high = new Field(s.high(), true, 2 * i, 2, 4);
      registers.number(number, spare, List.of(low, high), false, quarter);
      asm.op(Neon.ADD_4S, number, number, less);
      finish(number, d, 64 * i + 16 * quarter);
    }
  }

  private void finish(int number, int d, int to) {
    asm.op(Neon.SCVTF, number, number);
    asm.op(Neon.FMUL, number, number, d);
    asm.store(Size.Q, number, ArmRegisters.SCRATCH, to);
  }

  /** Scales {@code 4 group} to {@code 4 group + 3}. */
  private Four scales(int group) {
    return switch (scales) {
      case Scales.SixBits s -> sixBits(s.words(), s.words() + 128, group, 0);
      case Scales.SignedSixBits s ->
          new Four(
              List.of(
                  Field.of(s.words() + 64 * (group % 2), group < 2 ? 0 : 4, 4, 0),
                  Field.of(s.words() + 128, 2 * group, 2, 4)),
              true,
              -32);
      case Scales.Nibbles s -> Four.of(Field.of(s.words() + 64 * group, 0, 4, 0));
      case Scales.SignedBytes s ->
          new Four(List.of(Field.of(s.words() + 64 * group, 0, 8, 0)), true, 0);
      case Scales.SplitSixBits _, Scales.Halves _, Scales.Exponents _, Scales.Odd _ ->
          throw new AssertionError(scales);
    };
  }

  private Four minimums(int group) {
    return switch (scales) {
      case Scales.SixBits s -> sixBits(s.words() + 64, s.words() + 128, group, 4);
      case Scales.Nibbles s -> Four.of(Field.of(s.words() + 64 * group, 4, 4, 0));
      case Scales.SignedSixBits _,
          Scales.SignedBytes _,
          Scales.SplitSixBits _,
          Scales.Halves _,
          Scales.Exponents _,
          Scales.Odd _ ->
          throw new AssertionError(scales);
    };
  }

  /** The first four in the low bits of bytes, the others in four bits elsewhere and two above. */
  private static Four sixBits(int line, int rest, int group, int from) {
    return group == 0
        ? Four.of(Field.of(line, 0, 6, 0))
        : Four.of(Field.of(rest, from, 4, 0), Field.of(line, 6, 2, 4));
  }
}
