package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.ArmAssembler;
import dev.lamina.cpu.code.ArmAssembler.Size;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Neon;
import java.util.List;

/**
 * The part of a product for AArch64 that brings values to registers, 4 of each of 4 rows. They are
 * signed there: values of more than 7 bits have 128 taken away.
 */
final class ArmValueCode {
  /** How far ahead of its use a line is asked for, to the second-level cache and to the first. */
  private static final int FAR = 10240;

  private static final int NEAR = 768;

  /** The general register with the address of the table. */
  private static final int TABLE = 17;

  private static final int T = 9;

  private final ArmRegisters registers;
  private final ArmAssembler asm;
  private final PanelFormat format;
  private int levels = -1;

  ArmValueCode(ArmRegisters registers, PanelFormat format) {
    this.registers = registers;
    this.asm = registers.asm;
    this.format = format;
  }

  /** What is taken away from a type's values. */
  static int centre(PanelFormat format) {
    return format.most() > 127 ? 128 : 0;
  }

  /** Keeps in registers what every load needs. */
  void keepConstants() {
    if (format.levels() != null) {
      levels = registers.take();
      byte[] table = format.levels().clone();
      for (int i = 0; i < table.length; i++) {
        table[i] -= (byte) centre(format);
      }
      asm.constant(levels, table);
    }
    if (format.codebook() != null) {
      Label table = asm.table(format.codebook().entries());
      asm.address(TABLE, table);
    }
    for (Piece piece : format.planes().of(0, 0)) {
      if (piece.digit() >= 0) {
        registers.keep(86);
        registers.keep(171);
        for (int n = 1, power = 3; n < 5; n++, power *= 3) {
          registers.keep(power);
        }
      } else if (piece.bits() < 8) {
        registers.keep(piece.mask() & 255);
      }
    }
  }

  /** Asks for the lines that are used some time later, evenly spread over a block. */
  void ahead(int record, int quad) {
    int lines = (format.blockBytes() + 63) / 64;
    int quads = 8 * format.records();
    int at = 8 * record + quad;
    for (int i = at * lines / quads; i < (at + 1) * lines / quads; i++) {
      ahead(asm, i);
    }
  }

  /** Asks for what comes some time after a line. */
  static void ahead(ArmAssembler asm, int line) {
    asm.prefetchSecond(ArmRegisters.DWORDS, FAR + 64 * line);
    asm.prefetch(ArmRegisters.DWORDS, NEAR + 64 * line);
  }

  /**
   * Where the format has a codebook, looks up what 32 values come from, and completes their signs:
   * before any of them is loaded.
   */
  void lookUp(int index, int found, int spare, int record, int quarter) {
    Codebook book = format.codebook();
    if (book == null) {
      return;
    }
    for (int i = 0; i < book.lookups(); i++) {
      registers.number(index, spare, book.index().of(record, i), false, quarter);
      for (int lane = 0; lane < 4; lane++) {
        int to = lane == 0 ? found : spare;
        asm.extract(T, index, lane);
        asm.loadIndexed(to, TABLE, T);
        if (lane > 0) {
          asm.insert(found, lane, spare);
        }
      }
      if (book.shift() != null) {
        Field bit = book.shift().of(record, i);
        registers.number(spare, index, List.of(bit), true, quarter);
        asm.splatByte(index, 0x44);
        asm.op(Neon.AND, spare, spare, index);
        asm.op(Neon.ORR, found, found, spare);
      }
      int at = Codebook.LOOKUPS + 64 * i + 16 * quarter;
      asm.store(Size.Q, found, ArmRegisters.SCRATCH, at);
    }
    if (book.signs() >= 0) {
      completeSigns(index, found, spare, book.signs() + 64 * record, quarter);
    }
  }

  /** Sets bit {@code 2 l + 1} of the last byte to the parity of the 7 other bits of that pair. */
  private void completeSigns(int signs, int parity, int spare, int line, int quarter) {
    registers.dwords(signs, line, quarter);
    asm.splat(spare, 0x55ffffff);
    asm.op(Neon.AND, signs, signs, spare);
    asm.shift(Neon.USHR_4S, parity, signs, 16);
    asm.op(Neon.EOR, parity, parity, signs);
    for (int distance : new int[] {8, 1}) {
      asm.shift(Neon.USHR_4S, spare, parity, distance);
      asm.op(Neon.EOR, parity, parity, spare);
    }
    asm.splat(spare, 0x55);
    asm.op(Neon.AND, parity, parity, spare);
    asm.shift(Neon.SHL_4S, parity, parity, 25);
    asm.op(Neon.ORR, signs, signs, parity);
    asm.store(Size.Q, signs, ArmRegisters.SCRATCH, Codebook.SIGNS + 16 * quarter);
  }

  /** Brings values {@code 32 record + 4 quad} to {@code 32 record + 4 quad + 4} to a register. */
  void load(int target, int spare, int other, int record, int quad, int quarter) {
    List<Piece> pieces = format.planes().of(record, quad);
    for (int i = 0; i < pieces.size(); i++) {
      Piece piece = pieces.get(i);
      int to = i == 0 ? target : spare;
      int base = piece.derived() ? ArmRegisters.SCRATCH : ArmRegisters.DWORDS;
      asm.load(Size.Q, to, base, piece.line() + 16 * quarter);
      if (piece.digit() >= 0) {
        digit(target, spare, other, piece.digit());
        continue;
      }
      int right = piece.from() - piece.to();
      if (right > 0) {
        asm.shift(Neon.USHR_16B, to, to, right);
      } else if (right < 0) {
        asm.shift(Neon.SHL_16B, to, to, -right);
      }
      boolean alone = piece.to() == 0 && piece.from() + piece.bits() == 8;
      if (i > 0) {
        asm.op(Neon.BIT, target, spare, registers.constant(piece.mask() & 255, other));
      } else if (!alone) {
        asm.op(Neon.AND, target, target, registers.constant(piece.mask() & 255, other));
      }
    }
    if (levels >= 0) {
      asm.op(Neon.TBL, target, levels, target);
    }
  }

  /**
   * Digit {@code n} of a byte {@code q / 256} is {@code 3 (3^n q mod 256) / 256}, rounded down: how
   * many of 86 and 171 the product reaches.
   */
  private void digit(int target, int spare, int other, int n) {
    if (n > 0) {
      int power = registers.constant((int) Math.pow(3, n), other);
      asm.op(Neon.MUL_16B, target, target, power);
    }
    asm.op(Neon.CMHS_16B, spare, target, registers.constant(171, other));
    asm.op(Neon.CMHS_16B, target, target, registers.constant(86, other));
    asm.op(Neon.ADD_16B, target, target, spare);
    asm.op(Neon.NEG_16B, target, target);
  }
}
