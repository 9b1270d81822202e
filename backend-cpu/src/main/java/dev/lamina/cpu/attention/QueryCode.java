package dev.lamina.cpu.attention;

import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RDX;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Splitting;
import dev.lamina.cpu.code.Vop;

/** Assembles the making of row tiles (see {@link TileProducts}) from queries, times a factor. */
final class QueryCode {
  // the arguments, by their offsets
  /** Address of the queries' addresses. */
  static final int SOURCES = 0;

  static final int TARGET = 8;

  /** Queries, at most {@link TileProducts#BLOCK}. */
  static final int ROWS = 16;

  /** The factor, a float. */
  static final int SCALE = 24;

  private static final int BITS = 512;

  private QueryCode() {}

  /**
   * The code.
   *
   * @param dim a multiple of 16; up to a multiple of 32 there are zeros
   */
  static byte[] of(int dim) {
    int blocks = (dim + TileProducts.BLOCK - 1) / TileProducts.BLOCK;
    Assembler asm = new Assembler();
    asm.enter();
    asm.load(R8, Mem.at(RDI, SOURCES));
    asm.load(RDX, Mem.at(RDI, TARGET));
    asm.load(RCX, Mem.at(RDI, ROWS));
    Splitting splitting = new Splitting(asm, BITS, 5, 6);
    asm.op(Vop.VPBROADCASTD, BITS, 4, Mem.at(RDI, SCALE));
    Label row = new Label();
    asm.bind(row);
    asm.load(RSI, Mem.at(R8, 0));
    for (int block = 0; block < blocks; block++) {
      asm.op(Vop.VMULPS, BITS, 0, 4, Mem.at(RSI, 128 * block));
      if (block * TileProducts.BLOCK + TileProducts.TILE < dim) {
        asm.op(Vop.VMULPS, BITS, 1, 4, Mem.at(RSI, 128 * block + 64));
      } else {
        asm.op(Vop.VPXOR, BITS, 1, 1, 1);
      }
      for (int n = 0; n < TileProducts.ROW_SPLITS; n++) {
        boolean last = n == TileProducts.ROW_SPLITS - 1;
        splitting.take(2, 0, last);
        splitting.take(3, 1, last);
        asm.opImm(Vop.VPSRLD, BITS, 2, 2, 16);
        asm.op(Vop.VPOR, BITS, 2, 2, 3);
        int at = (block * TileProducts.ROW_SPLITS + n) * TileProducts.NUMBER_BYTES;
        asm.op(Vop.VMOVUPS_STORE, BITS, 2, Mem.at(RDX, at));
      }
    }
    asm.addImm(R8, 8);
    asm.addImm(RDX, 64);
    asm.addImm(RCX, -1);
    asm.jnz(row);
    asm.leave();
    return asm.finish();
  }
}
