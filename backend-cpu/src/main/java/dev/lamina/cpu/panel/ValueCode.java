package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;
import java.util.List;

/** The part of a product that brings unsigned values to registers, 4 of each row. */
final class ValueCode {
  /** How far ahead of its use a line is asked for, in bytes. */
  private static final int AHEAD = 6144;

  private final Registers registers;
  private final Assembler asm;
  private final int bits;
  private final PanelFormat format;
  private final int weights;
  private int levels = -1;

  /**
   * @param weights general register with the address of the block
   */
  ValueCode(Registers registers, PanelFormat format, int weights) {
    this.registers = registers;
    this.asm = registers.asm;
    this.bits = registers.bits;
    this.format = format;
    this.weights = weights;
  }

  /** Keeps in registers what every load needs, the table in one of its own. */
  void keepConstants() {
    if (format.levels() != null) {
      levels = registers.take();
      byte[] table = new byte[64];
      for (int i = 0; i < 64; i++) {
        table[i] = format.levels()[i % 16];
      }
      asm.op(Vop.VMOVUPS, bits, levels, asm.vector(table));
    }
  }

  void keepMasks() {
    for (Piece piece : format.planes().of(0, 0)) {
      if (piece.bits() < 8) {
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
      asm.prefetch(Mem.at(weights, AHEAD + 64 * i));
    }
  }

  /** Brings values {@code 32 record + 4 quad} to {@code 32 record + 4 quad + 4} to a register. */
  void load(int target, int spare, int record, int quad, int half) {
    List<Piece> pieces = format.planes().of(record, quad);
    for (int i = 0; i < pieces.size(); i++) {
      Piece piece = pieces.get(i);
      Mem line = Mem.at(weights, piece.line() + 32 * half);
      int shift = piece.from() - piece.to();
      if (piece.bits() == 8) {
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
    }
  }
}
