package dev.lamina.cpu.attention;

import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.R9;
import static dev.lamina.cpu.code.Assembler.RBX;
import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RDX;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;

/** Assembles the last step: rows of weighted sums by the sums of their weights. */
final class FinishCode {
  // the arguments, by their offsets
  /** Address of the first row's sums, which are padded to whole cache lines. */
  static final int SUMS = 0;

  static final int STATE = 8;

  /** Address of the first row's result; the rows lie one behind the other. */
  static final int OUT = 16;

  static final int ROWS = 24;

  private FinishCode() {}

  static byte[] of(Isa isa, int dim) {
    int bits = isa.bits();
    int vector = bits / 8;
    int rowBytes = 4 * dim;
    Assembler asm = new Assembler();
    asm.enter();
    asm.load(RSI, Mem.at(RDI, SUMS));
    asm.load(RBX, Mem.at(RDI, STATE));
    asm.load(RDX, Mem.at(RDI, OUT));
    asm.load(RCX, Mem.at(RDI, ROWS));
    Label row = new Label();
    asm.bind(row);
    asm.op(Vop.VPBROADCASTD, bits, 0, Mem.at(RBX, SoftmaxCode.TOTAL));
    asm.op(Vop.VMOVUPS, bits, 1, asm.splat(Float.floatToRawIntBits(1)));
    asm.op(Vop.VDIVPS, bits, 0, 1, 0);
    asm.mov(R8, RSI);
    asm.mov32(R9, rowBytes / vector);
    Label round = new Label();
    asm.bind(round);
    asm.op(Vop.VMULPS, bits, 1, 0, Mem.at(R8, 0));
    asm.op(Vop.VMOVUPS_STORE, bits, 1, Mem.at(RDX, 0));
    asm.addImm(R8, vector);
    asm.addImm(RDX, vector);
    asm.addImm(R9, -1);
    asm.jnz(round);
    asm.addImm(RSI, Math.toIntExact(AttentionCode.sumStride(dim)));
    asm.addImm(RBX, SoftmaxCode.STATE_BYTES);
    asm.addImm(RCX, -1);
    asm.jnz(row);
    asm.leave();
    return asm.finish();
  }
}
