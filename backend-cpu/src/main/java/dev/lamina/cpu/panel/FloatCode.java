package dev.lamina.cpu.panel;

import static dev.lamina.cpu.code.Assembler.R10;
import static dev.lamina.cpu.code.Assembler.R11;
import static dev.lamina.cpu.code.Assembler.R12;
import static dev.lamina.cpu.code.Assembler.R13;
import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.R9;
import static dev.lamina.cpu.code.Assembler.RAX;
import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RDX;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;

/**
 * Assembles the product of panels with some rows of activations, all in float32; quantized weights
 * are decoded column by column in between. A lane is a row of the weight, as in {@link
 * ProductCode}, whose arguments these functions take: activations are broadcast, and no sum over
 * lanes is left at the end.
 */
final class FloatCode {
  /** Tokens whose totals have a register each, with 32 registers and with 16. */
  private static final int MOST_512 = 24;

  private static final int MOST_256 = 6;

  /** The same where weights are decoded in between: more are worth decoding beforehand. */
  private static final int MOST_QUANTIZED_512 = 4;

  private static final int MOST_QUANTIZED_256 = 1;

  /** Sums of a token that do not wait for each other, where there are few tokens. */
  private static final int CHAINS = 4;

  private static final int W = RSI;
  private static final int X = RDX;

  private final PanelFormat format;
  private final int tokens;
  private final int chains;
  private final Registers registers;
  private final Assembler asm = new Assembler();
  private final int bits;

  /** Halves of a panel that have registers of their own. */
  private final int halves;

  private final ColumnCode columns;
  private final int[] totals;
  private final int[] weights;
  private final int broadcast;

  private FloatCode(Isa isa, PanelFormat format, int tokens) {
    this.format = format;
    this.tokens = tokens;
    this.registers = new Registers(asm, isa);
    this.bits = isa.bits();
    this.halves = 512 / bits;
    this.weights = registers.take(halves);
    this.broadcast = registers.wide() ? -1 : registers.take();
    this.columns = new ColumnCode(registers, format, W, R11, halves);
    int left = registers.left() - (format.levels() != null ? 1 : 0);
    this.chains = Math.clamp(left / (tokens * halves), 1, CHAINS);
    this.totals = registers.take(tokens * halves * chains);
  }

  /**
   * The most tokens that one call can take.
   *
   * @param format null for decoded panels
   */
  static int mostTokens(Isa isa, PanelFormat format) {
    if (format != null && format.quantized()) {
      return isa.bits() == 512 ? MOST_QUANTIZED_512 : MOST_QUANTIZED_256;
    }
    return isa.bits() == 512 ? MOST_512 : MOST_256;
  }

  /** The code for exactly {@code tokens} rows of activations. */
  static byte[] of(Isa isa, PanelFormat format, int tokens) {
    return new FloatCode(isa, format, tokens).assemble();
  }

  private byte[] assemble() {
    asm.enter();
    columns.prepare();
    asm.load(R12, Mem.at(RDI, ProductCode.OUT_STRIDE));
    asm.load(R13, Mem.at(RDI, ProductCode.INIT_STRIDE));
    asm.load(R11, Mem.at(RDI, ProductCode.SCRATCH));
    asm.load(W, Mem.at(RDI, ProductCode.WEIGHTS));
    asm.load(R8, Mem.at(RDI, ProductCode.OUT));
    asm.load(R9, Mem.at(RDI, ProductCode.INIT));
    asm.load(R10, Mem.at(RDI, ProductCode.PANELS));
    Label panel = new Label();
    asm.bind(panel);
    asm.load(X, Mem.at(RDI, ProductCode.INPUT));
    asm.load(RCX, Mem.at(RDI, ProductCode.BLOCKS));
    begin();
    Label block = new Label();
    asm.bind(block);
    for (int h = 0; h < halves; h++) {
      columns.block(h);
    }
    for (int column = 0; column < format.columns(); column++) {
      column(column);
      if ((column + 1) % InputFormat.VALUES == 0) {
        asm.addImm(X, tokens * InputFormat.FLOATS.recordBytes());
      }
    }
    asm.addImm(W, format.blockBytes());
    asm.addImm(RCX, -1);
    asm.jnz(block);
    end();
    asm.addImm(R8, 64);
    asm.add(R9, Mem.at(RDI, ProductCode.INIT_STEP));
    asm.add(W, Mem.at(RDI, ProductCode.SKIP));
    asm.addImm(R10, -1);
    asm.jnz(panel);
    asm.leave();
    return asm.finish();
  }

  private int total(int token, int half, int chain) {
    return totals[(token * halves + half) * chains + chain];
  }

  private void begin() {
    asm.mov(RAX, R9);
    for (int t = 0; t < tokens; t++) {
      for (int h = 0; h < halves; h++) {
        asm.op(Vop.VMOVUPS, bits, total(t, h, 0), Mem.at(RAX, 32 * h));
        for (int c = 1; c < chains; c++) {
          int other = total(t, h, c);
          asm.op(Vop.VPXOR, bits, other, other, other);
        }
      }
      asm.add(RAX, R13);
    }
  }

  private void column(int column) {
    columns.ahead(column);
    for (int h = 0; h < halves; h++) {
      columns.load(weights[h], column, h);
    }
    for (int t = 0; t < tokens; t++) {
      int at = t * InputFormat.FLOATS.recordBytes() + 4 * (column % InputFormat.VALUES);
      if (!registers.wide()) {
        asm.op(Vop.VPBROADCASTD, bits, broadcast, Mem.at(X, at));
      }
      for (int h = 0; h < halves; h++) {
        int total = total(t, h, column % chains);
        if (registers.wide()) {
          asm.op(Vop.VFMADD231PS, bits, total, weights[h], Mem.broadcast(X, at));
        } else {
          asm.op(Vop.VFMADD231PS, bits, total, weights[h], broadcast);
        }
      }
    }
  }

  private void end() {
    asm.mov(RAX, R8);
    for (int t = 0; t < tokens; t++) {
      for (int h = 0; h < halves; h++) {
        int total = total(t, h, 0);
        for (int distance = 1; distance < chains; distance *= 2) {
          for (int c = 0; c + distance < chains; c += 2 * distance) {
            int sum = total(t, h, c);
            asm.op(Vop.VADDPS, bits, sum, sum, total(t, h, c + distance));
          }
        }
        asm.op(Vop.VMOVUPS_STORE, bits, total, Mem.at(RAX, 32 * h));
      }
      asm.add(RAX, R12);
    }
  }
}
