package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;
import java.util.List;

/** The part of a product that brings unsigned values to registers, 4 of each row. */
final class ValueCode {
  /**
   * How far ahead of its use a line is asked for to the second-level cache, and then to the first,
   * in bytes: the first has room for few lines that are under way, so that a far request to it
   * would hold up those behind it.
   */
  private static final int FAR = 10240;

  private static final int NEAR = 768;

  private static final int ODD_BYTES = 0xff00ff00;

  private final Registers registers;
  private final Assembler asm;
  private final int bits;
  private final PanelFormat format;
  private final int weights;
  private final int scratch;

  /** Whether values are signed, without the offset. */
  private final boolean signed;

  private int levels = -1;
  private Label table;

  /**
   * @param weights general register with the address of the block
   * @param scratch general register with the address of scratch memory
   * @param signed whether values are to be signed, without the format's offset
   */
  ValueCode(Registers registers, PanelFormat format, int weights, int scratch, boolean signed) {
    this.registers = registers;
    this.asm = registers.asm;
    this.bits = registers.bits;
    this.format = format;
    this.weights = weights;
    this.scratch = scratch;
    this.signed = signed;
  }

  /** Keeps in registers what every load needs, the table in one of its own. */
  void keepConstants() {
    if (format.levels() != null) {
      levels = registers.take();
      byte[] table = new byte[64];
      for (int i = 0; i < 64; i++) {
        table[i] = (byte) (format.levels()[i % 16] - (signed ? format.offset() : 0));
      }
      asm.op(Vop.VMOVUPS, bits, levels, asm.vector(table));
    } else if (signed && format.offset() != 0) {
      registers.keep(offset());
    }
  }

  void keepMasks() {
    for (Piece piece : format.planes().of(0, 0)) {
      if (piece.digit() >= 0) {
        registers.keep(ODD_BYTES);
        for (int n = 0, power = Registers.ONES; n < 5; n++, power *= 3) {
          registers.keep(power << 8);
          registers.keep(power);
        }
      } else if (piece.bits() < 8) {
        registers.keep(piece.mask());
      }
    }
  }

  /** Asks for the lines that are used some time later, evenly spread over a block. */
  void ahead(int record, int quad) {
    int lines = (format.blockBytes() + 63) / 64;
    int quads = 8 * format.records();
    int at = 8 * record + quad;
    for (int i = at * lines / quads; i < (at + 1) * lines / quads; i++) {
      ahead(asm, weights, i);
    }
  }

  /** Asks for what comes some time after a line. */
  static void ahead(Assembler asm, int weights, int line) {
    asm.prefetchSecond(Mem.at(weights, FAR + 64 * line));
    asm.prefetch(Mem.at(weights, NEAR + 64 * line));
  }

  /**
   * Where the format has a codebook, looks up what 32 values come from, and completes their signs:
   * before any of them is loaded. Spoils {@code rax}.
   *
   * @param index vector register to use, as the three behind it
   */
  void lookUp(int index, int found, int spare, int mask, int record, int half) {
    Codebook book = format.codebook();
    if (book == null) {
      return;
    }
    if (table == null) {
      table = asm.table(book.entries());
    }
    asm.lea(Assembler.RAX, table);
    for (int i = 0; i < book.lookups(); i++) {
      registers.field(index, spare, weights, book.index().of(record, i), half);
      asm.gather(bits, found, index, Assembler.RAX, mask);
      if (book.shift() != null) {
        Field bit = book.shift().of(record, i);
        registers.shift(spare, Mem.at(weights, bit.line() + 32 * half), bit.from() - 31);
        asm.opImm(Vop.VPSRAD, bits, spare, spare, 31);
        registers.and(spare, spare, 0x44444444);
        asm.op(Vop.VPOR, bits, found, found, spare);
      }
      int at = Codebook.LOOKUPS + 64 * i + 32 * half;
      asm.op(Vop.VMOVUPS_STORE, bits, found, Mem.at(scratch, at));
    }
    if (book.signs() >= 0) {
      completeSigns(index, found, spare, book.signs() + 64 * record, half);
    }
  }

  /** Sets bit {@code 2 l + 1} of the last byte to the parity of the 7 other bits of that pair. */
  private void completeSigns(int signs, int shifted, int parity, int line, int half) {
    registers.and(signs, Mem.at(weights, line + 32 * half), 0x55ffffff);
    asm.opImm(Vop.VPSRLD, bits, parity, signs, 16);
    asm.op(Vop.VPXOR, bits, parity, parity, signs);
    for (int distance : new int[] {8, 1}) {
      asm.opImm(Vop.VPSRLD, bits, shifted, parity, distance);
      asm.op(Vop.VPXOR, bits, parity, parity, shifted);
    }
    registers.and(parity, parity, 0x55);
    asm.opImm(Vop.VPSLLD, bits, parity, parity, 25);
    asm.op(Vop.VPOR, bits, signs, signs, parity);
    asm.op(Vop.VMOVUPS_STORE, bits, signs, Mem.at(scratch, Codebook.SIGNS + 32 * half));
  }

  /** Brings values {@code 32 record + 4 quad} to {@code 32 record + 4 quad + 4} to a register. */
  void load(int target, int spare, int record, int quad, int half) {
    List<Piece> pieces = format.planes().of(record, quad);
    for (int i = 0; i < pieces.size(); i++) {
      Piece piece = pieces.get(i);
      Mem line = Mem.at(piece.derived() ? scratch : weights, piece.line() + 32 * half);
      int shift = piece.from() - piece.to();
      if (piece.digit() >= 0) {
        digit(target, spare, line, piece.digit());
      } else if (piece.bits() == 8) {
        asm.op(Vop.VMOVUPS, bits, target, line);
      } else if (i > 0) {
        registers.shift(spare, line, shift);
        registers.orAnd(target, spare, piece.mask());
      } else if (shift == 0) {
        registers.and(target, line, piece.mask());
      } else {
        registers.shift(target, line, shift);
        registers.and(target, target, piece.mask());
      }
    }
    if (levels >= 0) {
      asm.op(Vop.VPSHUFB, bits, target, levels, target);
    } else if (signed && format.offset() != 0) {
      registers.lessBytes(target, offset());
    }
  }

  private int offset() {
    return format.offset() * 0x01010101;
  }

  /**
   * Digit {@code n} of a byte {@code q / 256} is {@code 3 (3^n q mod 256) / 256}, rounded down:
   * even and odd bytes are multiplied as the upper halves of words, where what is above 256 falls
   * off.
   */
  private void digit(int target, int spare, Mem line, int n) {
    int power = (int) Math.pow(3, n) * Registers.ONES;
    registers.multiply(Vop.VPMULLW, target, line, power << 8);
    registers.multiply(Vop.VPMULHUW, target, 3 * Registers.ONES);
    registers.and(spare, line, ODD_BYTES);
    if (n > 0) {
      registers.multiply(Vop.VPMULLW, spare, power);
    }
    registers.multiply(Vop.VPMULHUW, spare, 0x300 * Registers.ONES);
    registers.orAnd(target, spare, ODD_BYTES);
  }
}
