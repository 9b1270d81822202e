package dev.lamina.cpu.panel;

import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RDX;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;

/**
 * Assembles the repacking of 16 rows to a panel. A dword of 8 rows at a time is gathered from the
 * file's blocks: that works with blocks of any size, and needs no more than AVX2.
 */
final class RepackCode {
  // the arguments, by their offsets
  static final int SOURCE = 0;
  static final int TARGET = 8;
  static final int BLOCKS = 16;

  /** 16 offsets of 4 bytes, one for each row. */
  static final int ROWS = 24;

  static final int ARGUMENTS = ROWS + 64;

  private static final int BITS = 256;
  private static final int[] OFFSETS = {0, 1};
  private static final int[] GATHERED = {2, 3};
  private static final int ALL_LANES = 4;
  private static final int T = 5;
  private static final int[] PUT = {6, 7};

  private final PanelFormat format;
  private final Assembler asm = new Assembler();

  private RepackCode(PanelFormat format) {
    this.format = format;
  }

  static byte[] of(PanelFormat format) {
    return new RepackCode(format).assemble();
  }

  private byte[] assemble() {
    asm.enter();
    asm.op(Vop.VMOVUPS, BITS, OFFSETS[0], Mem.at(RDI, ROWS));
    asm.op(Vop.VMOVUPS, BITS, OFFSETS[1], Mem.at(RDI, ROWS + 32));
    asm.load(RSI, Mem.at(RDI, SOURCE));
    asm.load(RDX, Mem.at(RDI, TARGET));
    asm.load(RCX, Mem.at(RDI, BLOCKS));
    Label block = new Label();
    asm.bind(block);
    for (Move move : format.moves()) {
      switch (move) {
        case Move.Dwords m -> {
          gather(m.source());
          for (int h = 0; h < 2; h++) {
            if (m.flip() != 0) {
              asm.op(Vop.VPXOR, BITS, GATHERED[h], GATHERED[h], asm.splat(m.flip()));
            }
          }
          storeLine(m.target());
        }
        case Move.Bits m -> {
          gather(m.source());
          for (int h = 0; h < 2; h++) {
            transpose(GATHERED[h]);
          }
          storeLine(m.target());
        }
        case Move.Parts m -> parts(m);
        case Move.Words m -> {
          gatherEnd(m.source(), 2);
          pack();
          asm.op(Vop.VMOVUPS_STORE, BITS, GATHERED[0], Mem.at(RDX, m.target()));
        }
        case Move.Bytes m -> {
          gatherEnd(m.source(), 1);
          pack();
          asm.op(Vop.VPACKUSWB, BITS, GATHERED[0], GATHERED[0], GATHERED[0]);
          asm.opImm(Vop.VPERMQ, BITS, GATHERED[0], GATHERED[0], 0b1000);
          asm.op(Vop.VMOVUPS_STORE, 128, GATHERED[0], Mem.at(RDX, m.target()));
        }
      }
    }
    asm.addImm(RSI, format.rowBlockBytes());
    asm.addImm(RDX, format.blockBytes());
    asm.addImm(RCX, -1);
    asm.jnz(block);
    asm.leave();
    return asm.finish();
  }

  private void parts(Move.Parts move) {
    int source = -1;
    for (int i = 0; i < move.parts().size(); i++) {
      Move.Part part = move.parts().get(i);
      if (part.source() != source) {
        source = part.source();
        gather(source);
      }
      for (int h = 0; h < 2; h++) {
        asm.op(Vop.VPAND, BITS, T, GATHERED[h], asm.splat(part.mask()));
        if (part.right() != 0) {
          Vop op = part.right() > 0 ? Vop.VPSRLD : Vop.VPSLLD;
          asm.opImm(op, BITS, T, T, Math.abs(part.right()));
        }
        if (i == 0) {
          asm.op(Vop.VMOVUPS, BITS, PUT[h], T);
        } else {
          asm.op(Vop.VPOR, BITS, PUT[h], PUT[h], T);
        }
      }
    }
    for (int h = 0; h < 2; h++) {
      asm.op(Vop.VMOVUPS, BITS, GATHERED[h], PUT[h]);
    }
    switch (move.shape()) {
      case LINE -> storeLine(move.target());
      case TRANSPOSED -> {
        transpose(GATHERED[0]);
        transpose(GATHERED[1]);
        storeLine(move.target());
      }
      case WORDS -> {
        pack();
        asm.op(Vop.VMOVUPS_STORE, BITS, GATHERED[0], Mem.at(RDX, move.target()));
      }
    }
  }

  private void gather(int source) {
    for (int h = 0; h < 2; h++) {
      asm.op(Vop.VPCMPEQD, BITS, ALL_LANES, ALL_LANES, ALL_LANES);
      asm.op(Vop.VPGATHERDD, BITS, GATHERED[h], ALL_LANES, Mem.gather(RSI, OFFSETS[h], source));
    }
  }

  /** Gathers the last bytes of a block, not to read behind it; the others become zero. */
  private void gatherEnd(int source, int bytes) {
    int over = Math.max(0, source + 4 - format.rowBlockBytes());
    gather(source - over);
    for (int h = 0; h < 2; h++) {
      asm.opImm(Vop.VPSLLD, BITS, GATHERED[h], GATHERED[h], 8 * (4 - bytes - over));
      asm.opImm(Vop.VPSRLD, BITS, GATHERED[h], GATHERED[h], 8 * (4 - bytes));
    }
  }

  /** The dwords of both registers, none above 65535, as words of the first. */
  private void pack() {
    asm.op(Vop.VPACKUSDW, BITS, GATHERED[0], GATHERED[0], GATHERED[1]);
    asm.opImm(Vop.VPERMQ, BITS, GATHERED[0], GATHERED[0], 0b11011000);
  }

  private void storeLine(int target) {
    for (int h = 0; h < 2; h++) {
      asm.op(Vop.VMOVUPS_STORE, BITS, GATHERED[h], Mem.at(RDX, target + 32 * h));
    }
  }

  /**
   * Bit {@code 4 j + i} to {@code 8 i + j}: the number of a bit, five bits itself, is rotated by
   * two, which takes four exchanges of two of them.
   */
  private void transpose(int register) {
    exchange(register, 0, 2);
    exchange(register, 1, 3);
    exchange(register, 3, 4);
    exchange(register, 2, 3);
  }

  /** The lower of the two bits that change places where bits of their numbers are exchanged. */
  static int exchanged(int low, int high) {
    int mask = 0;
    for (int i = 0; i < 32; i++) {
      if ((i >> low & 1) == 1 && (i >> high & 1) == 0) {
        mask |= 1 << i;
      }
    }
    return mask;
  }

  /** Moves every bit to the number where bits {@code low} and {@code high} are exchanged. */
  private void exchange(int register, int low, int high) {
    int mask = exchanged(low, high);
    int distance = (1 << high) - (1 << low);
    asm.opImm(Vop.VPSRLD, BITS, T, register, distance);
    asm.op(Vop.VPXOR, BITS, T, T, register);
    asm.op(Vop.VPAND, BITS, T, T, asm.splat(mask));
    asm.op(Vop.VPXOR, BITS, register, register, T);
    asm.opImm(Vop.VPSLLD, BITS, T, T, distance);
    asm.op(Vop.VPXOR, BITS, register, register, T);
  }
}
