package dev.lamina.cpu.panel;

import static dev.lamina.cpu.panel.ArmRegisters.BLOCKS;
import static dev.lamina.cpu.panel.ArmRegisters.INIT;
import static dev.lamina.cpu.panel.ArmRegisters.INIT_STRIDE;
import static dev.lamina.cpu.panel.ArmRegisters.OUT;
import static dev.lamina.cpu.panel.ArmRegisters.OUT_STRIDE;
import static dev.lamina.cpu.panel.ArmRegisters.PANELS;
import static dev.lamina.cpu.panel.ArmRegisters.T;
import static dev.lamina.cpu.panel.ArmRegisters.X;

import dev.lamina.cpu.code.ArmAssembler;
import dev.lamina.cpu.code.ArmAssembler.Size;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Neon;
import dev.lamina.gguf.GgmlType;

/**
 * Assembles the product of panels of a float type with some rows of activations for AArch64, all in
 * float32, as {@link FloatCode} does for x86-64.
 */
final class ArmFloatCode {
  /** Tokens whose totals have four registers each, beside their activations and the weights. */
  static final int MOST_TOKENS = 5;

  /** Sums of a token that do not wait for each other, where there are few tokens. */
  private static final int CHAINS = 4;

  private static final int QUARTERS = 4;

  private static final int W = ArmRegisters.DWORDS;

  private final PanelFormat format;
  private final int tokens;
  private final int chains;
  private final ArmRegisters registers = new ArmRegisters();
  private final ArmAssembler asm = registers.asm;
  private final int[] totals;
  private final int[] active;
  private final int[] weights;

  private ArmFloatCode(PanelFormat format, int tokens) {
    this.format = format;
    this.tokens = tokens;
    this.chains = Math.clamp(MOST_TOKENS / tokens, 1, CHAINS);
    this.totals = registers.take(tokens * QUARTERS * chains);
    this.active = registers.take(tokens);
    this.weights = registers.take(QUARTERS);
  }

  /** The code for exactly {@code tokens} rows of activations. */
  static byte[] of(PanelFormat format, int tokens) {
    return new ArmFloatCode(format, tokens).assemble();
  }

  private byte[] assemble() {
    asm.enter(0);
    registers.argument(OUT_STRIDE, ProductCode.OUT_STRIDE);
    registers.argument(INIT_STRIDE, ProductCode.INIT_STRIDE);
    registers.argument(W, ProductCode.WEIGHTS);
    registers.argument(OUT, ProductCode.OUT);
    registers.argument(INIT, ProductCode.INIT);
    registers.argument(PANELS, ProductCode.PANELS);
    Label panel = new Label();
    asm.bind(panel);
    registers.argument(X, ProductCode.INPUT);
    registers.argument(BLOCKS, ProductCode.BLOCKS);
    begin();
    Label block = new Label();
    asm.bind(block);
    for (int column = 0; column < format.columns(); column++) {
      column(column);
    }
    asm.addImm(W, W, format.blockBytes());
    asm.addImm(X, X, tokens * InputFormat.FLOATS.recordBytes());
    asm.loop(BLOCKS, block);
    end();
    asm.addImm(OUT, OUT, 64);
    registers.argument(T, ProductCode.INIT_STEP);
    asm.add(INIT, INIT, T);
    registers.argument(T, ProductCode.SKIP);
    asm.add(W, W, T);
    asm.loop(PANELS, panel);
    asm.leave(0);
    return asm.finish();
  }

  private int total(int token, int quarter, int chain) {
    return totals[(token * QUARTERS + quarter) * chains + chain];
  }

  private void begin() {
    asm.mov(T, INIT);
    for (int t = 0; t < tokens; t++) {
      for (int q = 0; q < QUARTERS; q++) {
        asm.load(Size.Q, total(t, q, 0), T, 16 * q);
        for (int c = 1; c < chains; c++) {
          asm.splatByte(total(t, q, c), 0);
        }
      }
      asm.add(T, T, INIT_STRIDE);
    }
  }

  private void column(int column) {
    int lines = format.blockBytes() / 64;
    int columns = format.columns();
    for (int i = column * lines / columns; i < (column + 1) * lines / columns; i++) {
      ArmValueCode.ahead(asm, i);
    }
    for (int t = 0; column % 4 == 0 && t < tokens; t++) {
      asm.load(Size.Q, active[t], X, t * InputFormat.FLOATS.recordBytes() + 4 * column);
    }
    for (int q = 0; q < QUARTERS; q++) {
      load(weights[q], column, q);
    }
    for (int t = 0; t < tokens; t++) {
      for (int q = 0; q < QUARTERS; q++) {
        int total = total(t, q, column % chains);
        asm.element(Neon.FMLA_ELEMENT, total, weights[q], active[t], column % 4);
      }
    }
  }

  /** Brings a column's weights of 4 rows to a register. */
  private void load(int target, int column, int quarter) {
    if (format.type() == GgmlType.F32) {
      asm.load(Size.Q, target, W, 64 * column + 16 * quarter);
    } else if (format.type() == GgmlType.F16) {
      asm.load(Size.D, target, W, 32 * column + 8 * quarter);
      asm.op(Neon.FCVTL, target, target);
    } else if (format.type() == GgmlType.BF16) {
      asm.load(Size.Q, target, W, 64 * (column / 2) + 16 * quarter);
      if (column % 2 != 0) {
        asm.shift(Neon.USHR_4S, target, target, 16);
      }
      asm.shift(Neon.SHL_4S, target, target, 16);
    } else {
      throw new IllegalArgumentException(format.type() + " is no float type");
    }
  }

  private void end() {
    asm.mov(T, OUT);
    for (int t = 0; t < tokens; t++) {
      for (int q = 0; q < QUARTERS; q++) {
        for (int distance = 1; distance < chains; distance *= 2) {
          for (int c = 0; c + distance < chains; c += 2 * distance) {
            int sum = total(t, q, c);
            asm.op(Neon.FADD, sum, sum, total(t, q, c + distance));
          }
        }
        asm.store(Size.Q, total(t, q, 0), T, 16 * q);
      }
      asm.add(T, T, OUT_STRIDE);
    }
  }
}
