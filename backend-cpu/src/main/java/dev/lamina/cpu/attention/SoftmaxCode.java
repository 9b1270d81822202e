package dev.lamina.cpu.attention;

import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.R9;
import static dev.lamina.cpu.code.Assembler.RBX;
import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Exponential;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;

/**
 * Assembles the running softmax of rows of scores: the greatest score so far, {@code exp(score -
 * greatest)} in place of each score, and what sums of before must be multiplied with. A score of
 * minus infinity gets the weight 0.
 */
final class SoftmaxCode {
  // the arguments, by their offsets
  /** Address of the first row; the next is {@link AttentionCode#STRIDE} behind. */
  static final int SCORES = 0;

  static final int ROWS = 8;

  /** Groups of {@link #WIDTH} vectors in a row. */
  static final int GROUPS = 16;

  /** Address of the first row's state. */
  static final int STATE = 24;

  // the state of a row
  static final int GREATEST = 0;
  static final int TOTAL = 4;
  static final int FACTOR = 8;
  static final int STATE_BYTES = 16;

  /** Positions of a group of vectors, whatever the width of one. */
  static final int POSITIONS = 64;

  private final Assembler asm = new Assembler();
  private final int bits;

  /** Vectors of a group. */
  private final int width;

  private final int most = 0;
  private final int total = 1;
  private final int x = 2;
  private final int p = 3;
  private final int[] partial = {4, 5, 6, 7};
  private final int before = 8;
  private final Exponential exponential;

  private SoftmaxCode(Isa isa) {
    bits = isa.bits();
    width = POSITIONS * 32 / bits;
    exponential = new Exponential(asm, bits, 9);
  }

  static byte[] of(Isa isa) {
    return new SoftmaxCode(isa).assemble();
  }

  private byte[] assemble() {
    asm.enter();
    exponential.prepare();
    asm.load(RSI, Mem.at(RDI, SCORES));
    asm.load(RCX, Mem.at(RDI, ROWS));
    asm.load(RBX, Mem.at(RDI, STATE));
    Label row = new Label();
    asm.bind(row);
    greatest();
    // the factor of what was summed before
    asm.op(Vop.VSUBPS, bits, x, before, most);
    exponential.ofNegative(p, x);
    asm.op(Vop.VMOVSS_STORE, 128, p, Mem.at(RBX, FACTOR));
    asm.op(Vop.VPBROADCASTD, bits, total, Mem.at(RBX, TOTAL));
    asm.op(Vop.VMULPS, bits, before, total, p);
    weights();
    asm.op(Vop.VADDPS, 128, total, total, before);
    asm.op(Vop.VMOVSS_STORE, 128, total, Mem.at(RBX, TOTAL));
    asm.addImm(RBX, STATE_BYTES);
    asm.addImm(RSI, AttentionCode.STRIDE);
    asm.addImm(RCX, -1);
    asm.jnz(row);
    asm.leave();
    return asm.finish();
  }

  private void greatest() {
    asm.op(Vop.VPBROADCASTD, bits, before, Mem.at(RBX, GREATEST));
    for (int i : partial) {
      asm.op(Vop.VMOVUPS, bits, i, before);
    }
    loop(
        i -> {
          int to = partial[i % partial.length];
          asm.op(Vop.VMAXPS, bits, to, to, Mem.at(R8, i * bits / 8));
        });
    asm.op(Vop.VMAXPS, bits, partial[0], partial[0], partial[1]);
    asm.op(Vop.VMAXPS, bits, partial[2], partial[2], partial[3]);
    asm.op(Vop.VMAXPS, bits, most, partial[0], partial[2]);
    across(Vop.VMAXPS, most);
    asm.op(Vop.VPBROADCASTD, bits, most, most);
    asm.op(Vop.VMOVSS_STORE, 128, most, Mem.at(RBX, GREATEST));
  }

  private void weights() {
    for (int i : partial) {
      asm.op(Vop.VPXOR, bits, i, i, i);
    }
    loop(
        i -> {
          asm.op(Vop.VMOVUPS, bits, x, Mem.at(R8, i * bits / 8));
          asm.op(Vop.VSUBPS, bits, x, x, most);
          exponential.ofNegative(p, x);
          asm.op(Vop.VMOVUPS_STORE, bits, p, Mem.at(R8, i * bits / 8));
          int to = partial[i % partial.length];
          asm.op(Vop.VADDPS, bits, to, to, p);
        });
    asm.op(Vop.VADDPS, bits, partial[0], partial[0], partial[1]);
    asm.op(Vop.VADDPS, bits, partial[2], partial[2], partial[3]);
    asm.op(Vop.VADDPS, bits, total, partial[0], partial[2]);
    across(Vop.VADDPS, total);
  }

  private interface Body {
    void vector(int i);
  }

  /** Goes over a row, a group a round; R8 is where the group lies. */
  private void loop(Body body) {
    asm.mov(R8, RSI);
    asm.load(R9, Mem.at(RDI, GROUPS));
    Label group = new Label();
    asm.bind(group);
    for (int i = 0; i < width; i++) {
      body.vector(i);
    }
    asm.addImm(R8, 4 * POSITIONS);
    asm.addImm(R9, -1);
    asm.jnz(group);
  }

  /** Brings all lanes together in the first one; spoils x. */
  private void across(Vop op, int register) {
    if (bits == 512) {
      asm.opImm(Vop.VEXTRACTI32X8, 512, register, x, 1);
      asm.op(op, 256, register, register, x);
    }
    asm.opImm(Vop.VEXTRACTI128, 256, register, x, 1);
    asm.op(op, 128, register, register, x);
    asm.opImm(Vop.VPSHUFD, 128, x, register, 0b01001110);
    asm.op(op, 128, register, register, x);
    asm.opImm(Vop.VPSHUFD, 128, x, register, 0b10110001);
    asm.op(op, 128, register, register, x);
  }
}
