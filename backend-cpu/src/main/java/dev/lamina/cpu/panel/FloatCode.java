package dev.lamina.cpu.panel;

import static dev.lamina.cpu.code.Assembler.R10;
import static dev.lamina.cpu.code.Assembler.R11;
import static dev.lamina.cpu.code.Assembler.R12;
import static dev.lamina.cpu.code.Assembler.R13;
import static dev.lamina.cpu.code.Assembler.R14;
import static dev.lamina.cpu.code.Assembler.R15;
import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.R9;
import static dev.lamina.cpu.code.Assembler.RAX;
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
import dev.lamina.gguf.GgmlType;

/**
 * Assembles the product of panels with some rows of activations, all in float32; quantized weights
 * are decoded column by column in between. A lane is a row of the weight, as in {@link
 * ProductCode}, whose arguments these functions take: activations are broadcast, and no sum over
 * lanes is left at the end.
 */
final class FloatCode {
  /** Tokens whose totals have a register each, of two panels with 32 registers, one with 16. */
  private static final int MOST_512 = 12;

  private static final int MOST_256 = 6;

  /**
   * Tokens from which two panels are multiplied at once with 32 registers: fewer loads for each
   * multiply-add. For fewer tokens panels come from memory, which likes to be read in one stream.
   */
  private static final int PAIRS_FROM = 7;

  /** The same where weights are decoded in between: more are worth decoding beforehand. */
  private static final int MOST_QUANTIZED_512 = 4;

  private static final int MOST_QUANTIZED_256 = 1;

  /** Sums of a token that do not wait for each other, where there are few tokens. */
  private static final int CHAINS = 4;

  private static final int[] W = {RSI, R14};
  private static final int X = RDX;
  private static final int INIT = R9;
  private static final int OUT = R8;
  private static final int PANEL_STEP = R15;

  /** Activations that are asked for ahead of their use, and how many bytes of them in a block. */
  private static final int AHEAD = RBX;

  private static final int AHEAD_BYTES = 192;

  private final PanelFormat format;

  /** Whether panels have just been decoded, and lie in a cache. */
  private final boolean decoded;

  private final int tokens;
  private final Registers registers;
  private final Assembler asm = new Assembler();
  private final int bits;

  /** Vectors of a panel's rows. */
  private final int halves;

  /** Panels that are multiplied at once, at most. */
  private final int most;

  private final ColumnCode[] columns;
  private final int[] totals;

  /**
   * Sums of a token and a vector. As many for one panel as for two: which panels are multiplied
   * together is chance, and results must not tell.
   */
  private final int chains;

  private final int[] weights;

  /** For activations in all lanes; none where these are operands of the multiply-adds. */
  private final int[] broadcasts;

  // what is being multiplied
  private int panels;
  private int vectors;

  private FloatCode(Isa isa, PanelFormat format, boolean decoded, int tokens) {
    this.format = decoded ? PanelFormats.of(GgmlType.F32) : format;
    this.decoded = decoded;
    this.tokens = tokens;
    this.registers = new Registers(asm, isa);
    this.bits = isa.bits();
    this.halves = 512 / bits;
    this.most = registers.wide() && !this.format.quantized() && tokens >= PAIRS_FROM ? 2 : 1;
    this.weights = registers.take(halves * most);
    this.broadcasts = registers.take(registers.wide() && most == 1 ? 0 : most);
    this.columns = new ColumnCode[most];
    for (int p = 0; p < most; p++) {
      columns[p] = new ColumnCode(registers, this.format, W[p], R11, halves);
    }
    // some are left for tables and masks
    int kept = registers.wide() ? 2 : this.format.levels() != null ? 1 : 0;
    this.totals = registers.take(Math.min(registers.left() - kept, tokens * halves * CHAINS));
    this.chains = Math.clamp(totals.length / (tokens * most * halves), 1, CHAINS);
  }

  /** The most tokens that one call can take of decoded panels. */
  static int mostTokens(Isa isa) {
    return isa.bits() == 512 ? MOST_512 : MOST_256;
  }

  /** The most tokens that one call should take of panels as they are. */
  static int mostTokens(Isa isa, PanelFormat format) {
    if (format.quantized()) {
      return isa.bits() == 512 ? MOST_QUANTIZED_512 : MOST_QUANTIZED_256;
    }
    return mostTokens(isa);
  }

  /**
   * The code for exactly {@code tokens} rows of activations.
   *
   * @param decoded whether panels of that format have been decoded
   */
  static byte[] of(Isa isa, PanelFormat format, boolean decoded, int tokens) {
    return new FloatCode(isa, format, decoded, tokens).assemble();
  }

  private byte[] assemble() {
    asm.enter();
    columns[0].prepare();
    asm.load(R12, Mem.at(RDI, ProductCode.OUT_STRIDE));
    asm.load(R13, Mem.at(RDI, ProductCode.INIT_STRIDE));
    asm.load(R11, Mem.at(RDI, ProductCode.SCRATCH));
    asm.load(W[0], Mem.at(RDI, ProductCode.WEIGHTS));
    asm.load(OUT, Mem.at(RDI, ProductCode.OUT));
    asm.load(INIT, Mem.at(RDI, ProductCode.INIT));
    asm.load(R10, Mem.at(RDI, ProductCode.PANELS));
    asm.load(AHEAD, Mem.at(RDI, ProductCode.AHEAD));
    if (most > 1) {
      ProductCode.panelStep(asm, PANEL_STEP, format.blockBytes());
    }
    Label next = new Label();
    Label last = new Label();
    Label end = new Label();
    asm.bind(next);
    if (most > 1) {
      asm.addImm(R10, -1);
      asm.jz(last);
      panels(most);
      asm.addImm(R10, -1);
      asm.jnz(next);
      asm.jmp(end);
      asm.bind(last);
    }
    panels(1);
    if (most == 1) {
      asm.addImm(R10, -1);
      asm.jnz(next);
    }
    asm.bind(end);
    asm.leave();
    return asm.finish();
  }

  /** Multiplies so many panels, and goes on behind them. */
  private void panels(int count) {
    panels = count;
    vectors = count * halves;
    for (int p = 1; p < count; p++) {
      asm.mov(W[p], W[p - 1]);
      asm.add(W[p], PANEL_STEP);
    }
    asm.load(X, Mem.at(RDI, ProductCode.INPUT));
    asm.load(RCX, Mem.at(RDI, ProductCode.BLOCKS));
    begin();
    Label block = new Label();
    asm.bind(block);
    if (decoded) {
      for (int line = 0; line < AHEAD_BYTES; line += 64) {
        asm.prefetchSecond(Mem.at(AHEAD, line));
      }
      asm.addImm(AHEAD, AHEAD_BYTES);
    }
    for (int h = 0; h < halves; h++) {
      columns[0].block(h);
    }
    for (int column = 0; column < format.columns(); column++) {
      column(column);
      if ((column + 1) % InputFormat.VALUES == 0) {
        asm.addImm(X, tokens * InputFormat.FLOATS.recordBytes());
      }
    }
    for (int p = 0; p < count; p++) {
      asm.addImm(W[p], format.blockBytes());
    }
    asm.addImm(RCX, -1);
    asm.jnz(block);
    end();
    asm.addImm(OUT, 64 * count);
    asm.mov(W[0], W[count - 1]);
    asm.add(W[0], Mem.at(RDI, ProductCode.SKIP));
  }

  private int total(int token, int vector, int chain) {
    return totals[(token * vectors + vector) * chains + chain];
  }

  private void begin() {
    for (int p = 0; p < panels; p++) {
      asm.mov(RAX, INIT);
      for (int t = 0; t < tokens; t++) {
        for (int h = 0; h < halves; h++) {
          int v = p * halves + h;
          asm.op(Vop.VMOVUPS, bits, total(t, v, 0), Mem.at(RAX, 32 * h));
          for (int c = 1; c < chains; c++) {
            int other = total(t, v, c);
            asm.op(Vop.VPXOR, bits, other, other, other);
          }
        }
        asm.add(RAX, R13);
      }
      asm.add(INIT, Mem.at(RDI, ProductCode.INIT_STEP));
    }
  }

  private void column(int column) {
    for (int p = 0; p < panels; p++) {
      if (!decoded) {
        columns[p].ahead(column);
      }
      for (int h = 0; h < halves; h++) {
        columns[p].load(weights[p * halves + h], column, h);
      }
    }
    for (int t = 0; t < tokens; t++) {
      int at = t * InputFormat.FLOATS.recordBytes() + 4 * (column % InputFormat.VALUES);
      int broadcast = broadcasts.length == 0 ? -1 : broadcasts[t % broadcasts.length];
      if (broadcast >= 0) {
        asm.op(Vop.VPBROADCASTD, bits, broadcast, Mem.at(X, at));
      }
      for (int v = 0; v < vectors; v++) {
        int total = total(t, v, column % chains);
        if (broadcast < 0) {
          asm.op(Vop.VFMADD231PS, bits, total, weights[v], Mem.broadcast(X, at));
        } else {
          asm.op(Vop.VFMADD231PS, bits, total, weights[v], broadcast);
        }
      }
    }
  }

  private void end() {
    asm.mov(RAX, OUT);
    for (int t = 0; t < tokens; t++) {
      for (int v = 0; v < vectors; v++) {
        int total = total(t, v, 0);
        for (int distance = 1; distance < chains; distance *= 2) {
          for (int c = 0; c + distance < chains; c += 2 * distance) {
            int sum = total(t, v, c);
            asm.op(Vop.VADDPS, bits, sum, sum, total(t, v, c + distance));
          }
        }
        asm.op(Vop.VMOVUPS_STORE, bits, total, Mem.at(RAX, v * bits / 8));
      }
      asm.add(RAX, R12);
    }
  }
}
