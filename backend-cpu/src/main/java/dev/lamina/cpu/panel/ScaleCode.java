package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;

/**
 * The part of a product that finds the scales. Those of blocks with one scale are loaded where they
 * are used; those of blocks with many are computed for the whole block first and wait in scratch
 * memory: scale {@code i} at {@code 64 i}, minimum {@code i} at {@code 64 (16 + i)}.
 */
final class ScaleCode {
  /** Bytes of scratch memory. */
  static final int SCRATCH = Codebook.SIGNS + 64;

  private static final int MINIMUMS = 64 * 16;
  private static final int HALF = 0x0f0f0f0f;

  private final Registers registers;
  private final Assembler asm;
  private final int bits;
  private final Scales scales;
  private final int parts;
  private final int weights;
  private final int scratch;

  /**
   * @param weights general register with the address of the block
   * @param scratch general register with the address of scratch memory
   */
  ScaleCode(Registers registers, PanelFormat format, int weights, int scratch) {
    this.registers = registers;
    this.asm = registers.asm;
    this.bits = registers.bits;
    this.scales = format.scales();
    this.parts = format.type().blockSize() / format.part();
    this.weights = weights;
    this.scratch = scratch;
  }

  /**
   * Loads the scale of a part of a block for 16 rows, or half of them.
   *
   * @param spare register to spoil
   */
  void scale(int target, int spare, int part, int half) {
    switch (scales) {
      case Scales.Halves s -> halves(target, s.d(), half);
      case Scales.Exponents s -> {
        asm.op(Vop.VPMOVZXBD, bits, target, Mem.at(weights, s.at() + 8 * half));
        asm.opImm(Vop.VPSLLD, bits, target, target, 23);
        // half of 2^(e - 127): one less, but the two smallest are subnormal
        asm.op(Vop.VPMAXSD, bits, target, target, asm.splat(1 << 22));
        asm.opImm(Vop.VPSRLD, bits, spare, target, 1);
        asm.op(Vop.VPMINSD, bits, spare, spare, asm.splat(1 << 23));
        asm.op(Vop.VPSUBD, bits, target, target, spare);
      }
      case Scales.SixBits s -> waiting(target, 64 * part, half);
      case Scales.Odd s -> waiting(target, 64 * part, half);
      case Scales.SignedSixBits s -> waiting(target, 64 * part, half);
      case Scales.Nibbles s -> waiting(target, 64 * part, half);
      case Scales.SignedBytes s -> waiting(target, 64 * part, half);
      case Scales.SplitSixBits s -> waiting(target, 64 * part, half);
    }
  }

  /** Loads the minimum of a part of a block. */
  void minimum(int target, int part, int half) {
    if (scales instanceof Scales.Halves s) {
      halves(target, s.min(), half);
    } else {
      waiting(target, MINIMUMS + 64 * part, half);
    }
  }

  private void halves(int target, int at, int half) {
    asm.op(Vop.VCVTPH2PS, bits, target, Mem.at(weights, at + 16 * half));
  }

  private void waiting(int target, int at, int half) {
    asm.op(Vop.VMOVUPS, bits, target, Mem.at(scratch, at + 32 * half));
  }

  /**
   * Computes the scales of a block.
   *
   * @param d register to use, and three more
   */
  void block(int half, int d, int word, int part, int spare) {
    switch (scales) {
      case Scales.Halves s -> {}
      case Scales.Exponents s -> {}
      case Scales.Odd s -> {
        halves(d, s.d(), half);
        asm.op(Vop.VMULPS, bits, d, d, asm.splat(Float.floatToRawIntBits(s.factor())));
        asm.op(Vop.VADDPS, bits, spare, d, d);
        for (int i = 0; i < parts; i++) {
          registers.field(word, part, weights, s.fields().apply(i), half);
          asm.op(Vop.VCVTDQ2PS, bits, word, word);
          asm.op(Vop.VMULPS, bits, word, word, spare);
          asm.op(Vop.VADDPS, bits, word, word, d);
          asm.op(Vop.VMOVUPS_STORE, bits, word, Mem.at(scratch, 64 * i + 32 * half));
        }
      }
      case Scales.SixBits s -> {
        halves(d, s.d(), half);
        and(word, s.words(), half, 0x3f3f3f3f);
        bytes(word, d, 0, part, half, Field.UNSIGNED);
        registers.shift(word, line(s.words(), half), 2);
        registers.and(word, word, 0x30303030);
        and(spare, s.words() + 128, half, HALF);
        asm.op(Vop.VPOR, bits, word, word, spare);
        bytes(word, d, 4, part, half, Field.UNSIGNED);
        halves(d, s.min(), half);
        and(word, s.words() + 64, half, 0x3f3f3f3f);
        bytes(word, d, 16, part, half, Field.UNSIGNED);
        registers.shift(word, line(s.words() + 64, half), 2);
        registers.and(word, word, 0x30303030);
        registers.shift(spare, line(s.words() + 128, half), 4);
        registers.and(spare, spare, HALF);
        asm.op(Vop.VPOR, bits, word, word, spare);
        bytes(word, d, 20, part, half, Field.UNSIGNED);
      }
      case Scales.SignedSixBits s -> {
        halves(d, s.d(), half);
        for (int i = 0; i < 4; i++) {
          registers.shift(word, line(s.words() + 64 * (i % 2), half), i < 2 ? 0 : 4);
          registers.and(word, word, HALF);
          registers.shift(spare, line(s.words() + 128, half), 2 * i - 4);
          registers.and(spare, spare, 0x30303030);
          asm.op(Vop.VPOR, bits, word, word, spare);
          bytes(word, d, 4 * i, part, half, Field.LESS_32);
        }
      }
      case Scales.Nibbles s -> {
        for (int i = 0; i < 4; i++) {
          halves(d, s.d(), half);
          and(word, s.words() + 64 * i, half, HALF);
          bytes(word, d, 4 * i, part, half, Field.UNSIGNED);
          halves(d, s.min(), half);
          registers.shift(word, line(s.words() + 64 * i, half), 4);
          registers.and(word, word, HALF);
          bytes(word, d, 16 + 4 * i, part, half, Field.UNSIGNED);
        }
      }
      case Scales.SignedBytes s -> {
        halves(d, s.d(), half);
        for (int i = 0; i < 4; i++) {
          asm.op(Vop.VMOVUPS, bits, word, line(s.words() + 64 * i, half));
          bytes(word, d, 4 * i, part, half, Field.SIGNED);
        }
      }
      case Scales.SplitSixBits s -> {
        halves(d, s.d(), half);
        for (int i = 0; i < 8; i++) {
          registers.shift(word, line(s.low(), half), 4 * i);
          registers.and(word, word, 15);
          asm.op(Vop.VPMOVZXWD, bits, spare, Mem.at(weights, s.high() + 16 * half));
          shiftBy(spare, 2 * i - 4);
          registers.and(spare, spare, 0x30);
          asm.op(Vop.VPOR, bits, word, word, spare);
          asm.op(Vop.VPADDD, bits, word, word, asm.splat(-32));
          finish(word, d, i, half);
        }
      }
    }
  }

  /** What a byte of a line says. */
  private enum Field {
    UNSIGNED,
    SIGNED,
    LESS_32
  }

  /** Four scales from the four bytes of dwords, times {@code d}. */
  private void bytes(int word, int d, int first, int part, int half, Field field) {
    for (int i = 0; i < 4; i++) {
      int from = word;
      if (field == Field.SIGNED) {
        if (i < 3) {
          asm.opImm(Vop.VPSLLD, bits, part, word, 24 - 8 * i);
          from = part;
        }
        asm.opImm(Vop.VPSRAD, bits, part, from, 24);
      } else {
        if (i > 0) {
          asm.opImm(Vop.VPSRLD, bits, part, word, 8 * i);
          from = part;
        }
        if (i < 3) {
          registers.and(part, from, 255);
        }
        if (field == Field.LESS_32) {
          asm.op(Vop.VPADDD, bits, part, part, asm.splat(-32));
        }
      }
      finish(part, d, first + i, half);
    }
  }

  private void finish(int value, int d, int index, int half) {
    asm.op(Vop.VCVTDQ2PS, bits, value, value);
    asm.op(Vop.VMULPS, bits, value, value, d);
    asm.op(Vop.VMOVUPS_STORE, bits, value, Mem.at(scratch, 64 * index + 32 * half));
  }

  private Mem line(int at, int half) {
    return Mem.at(weights, at + 32 * half);
  }

  private void and(int target, int at, int half, int value) {
    registers.and(target, line(at, half), value);
  }

  private void shiftBy(int register, int right) {
    if (right != 0) {
      Vop op = right > 0 ? Vop.VPSRLD : Vop.VPSLLD;
      asm.opImm(op, bits, register, register, Math.abs(right));
    }
  }
}
