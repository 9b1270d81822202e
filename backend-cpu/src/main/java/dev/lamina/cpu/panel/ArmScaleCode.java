package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.ArmAssembler;
import dev.lamina.cpu.code.ArmAssembler.Size;
import dev.lamina.cpu.code.Neon;
import java.util.List;

/**
 * The part of a product for AArch64 that finds the scales: as {@link ScaleCode}, but every kind of
 * scales is brought to numbers of some fields of bits first, which are then all treated alike.
 */
final class ArmScaleCode {
  private static final int MINIMUMS = 64 * 16;

  /** The scale of a part before it is multiplied: the fields' number, with its sign, plus some. */
  private record Number(List<Field> fields, boolean signed, int plus) {
    static Number of(Field... fields) {
      return new Number(List.of(fields), false, 0);
    }

    static Number less32(Field... fields) {
      return new Number(List.of(fields), false, -32);
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
   * @param d register to use, as the next two and {@code less}, which becomes 32
   */
  void block(int quarter, int d, int number, int spare, int less) {
    switch (scales) {
      case Scales.Halves _, Scales.Exponents _ -> {}
      case Scales.Odd s -> odd(s, quarter, d, number, spare, less);
      case Scales.SixBits s -> all(s.d(), s.min(), quarter, d, number, spare, less);
      case Scales.Nibbles s -> all(s.d(), s.min(), quarter, d, number, spare, less);
      case Scales.SignedSixBits s -> all(s.d(), -1, quarter, d, number, spare, less);
      case Scales.SignedBytes s -> all(s.d(), -1, quarter, d, number, spare, less);
      case Scales.SplitSixBits s -> all(s.d(), -1, quarter, d, number, spare, less);
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
      for (int i = 0; i < parts; i++) {
        Number what = kind == 0 ? scaleNumber(i) : minimumNumber(i);
        if (i == 0 && what.plus != 0) {
          asm.splat(less, what.plus);
        }
        registers.number(number, spare, what.fields, what.signed, quarter);
        if (what.plus != 0) {
          asm.op(Neon.ADD_4S, number, number, less);
        }
        asm.op(Neon.SCVTF, number, number);
        asm.op(Neon.FMUL, number, number, d);
        int to = kind * MINIMUMS + 64 * i + 16 * quarter;
        asm.store(Size.Q, number, ArmRegisters.SCRATCH, to);
      }
    }
  }

  private Number scaleNumber(int i) {
    int bit = 8 * (i % 4);
    return switch (scales) {
      case Scales.SixBits s -> sixBits(s.words(), s.words() + 128, i, bit);
      case Scales.SignedSixBits s ->
          Number.less32(
              Field.of(s.words() + 64 * (i / 4 % 2), bit + (i < 8 ? 0 : 4), 4, 0),
              Field.of(s.words() + 128, bit + i / 4 * 2, 2, 4));
      case Scales.Nibbles s -> Number.of(Field.of(s.words() + 64 * (i / 4), bit, 4, 0));
      case Scales.SignedBytes s ->
          new Number(List.of(Field.of(s.words() + 64 * (i / 4), bit, 8, 0)), true, 0);
      case Scales.SplitSixBits s ->
          Number.less32(Field.of(s.low(), 4 * i, 4, 0), new Field(s.high(), true, 2 * i, 2, 4));
      case Scales.Halves _, Scales.Exponents _, Scales.Odd _ -> throw new AssertionError(scales);
    };
  }

  private Number minimumNumber(int i) {
    int bit = 8 * (i % 4);
    return switch (scales) {
      case Scales.SixBits s -> sixBits(s.words() + 64, s.words() + 128, i, bit + (i < 4 ? 0 : 4));
      case Scales.Nibbles s -> Number.of(Field.of(s.words() + 64 * (i / 4), bit + 4, 4, 0));
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
  private static Number sixBits(int line, int rest, int i, int bit) {
    return i < 4
        ? Number.of(Field.of(line, 8 * i, 6, 0))
        : Number.of(Field.of(rest, bit, 4, 0), Field.of(line, 8 * (i - 4) + 6, 2, 4));
  }
}
