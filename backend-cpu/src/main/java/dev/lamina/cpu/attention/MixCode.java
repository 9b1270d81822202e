package dev.lamina.cpu.attention;

import static dev.lamina.cpu.code.Assembler.R10;
import static dev.lamina.cpu.code.Assembler.R11;
import static dev.lamina.cpu.code.Assembler.R12;
import static dev.lamina.cpu.code.Assembler.R13;
import static dev.lamina.cpu.code.Assembler.R14;
import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.R9;
import static dev.lamina.cpu.code.Assembler.RBX;
import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;
import dev.lamina.gguf.GgmlType;

/**
 * Assembles the sums of values, weighted by some rows' softmax: some dimensions at a time, whose
 * sums stay in registers over all positions. Values lie position by position.
 */
final class MixCode {
  // the arguments, by their offsets
  /**
   * Address of pairs: a page's first value that counts, and how many positions there are; {@link
   * AttentionCode#AHEAD} more have addresses of what to ask memory for meanwhile.
   */
  static final int PAGES = 0;

  static final int COUNT = 8;

  /** Address of the first row's weight of the first position; the rows have STRIDE. */
  static final int WEIGHTS = 16;

  /** Address of the first row's sums. */
  static final int SUMS = 24;

  /** Bytes from row to row of these. */
  static final int SUM_STRIDE = 32;

  /** Address of the first row's {@link SoftmaxCode} state. */
  static final int STATE = 40;

  /** Bytes from position to position. */
  static final int STEP = 48;

  /** Bytes to add to each page's address. */
  static final int OFFSET = 56;

  private final Assembler asm = new Assembler();
  private final PageReader reader;
  private final int bits;
  private final int rows;

  /** Vectors of dimensions. */
  private final int width;

  private final int[] sums;

  /** The rows' weights, where there are registers for all, else one for each in turn. */
  private final int[] weights;

  private final int value;
  private final int scale;

  private MixCode(Isa isa, GgmlType type, int rows, int width) {
    this.bits = isa.bits();
    this.rows = rows;
    this.width = width;
    reader = new PageReader(asm, bits, type);
    int next = 0;
    sums = new int[rows * width];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = next++;
    }
    value = next++;
    scale = next++;
    weights = new int[Math.min(rows, isa.registers() - next)];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = next++;
    }
    if (weights.length == 0) {
      throw new IllegalArgumentException(rows + " rows of " + width + " vectors are too many");
    }
  }

  /**
   * Vectors of dimensions that a function takes at most: those of whole blocks where it matters.
   */
  static int width(Isa isa, GgmlType type, int dims) {
    int most = isa.bits() == 512 || type.blockSize() > 1 ? 4 : 2;
    return Math.min(most, dims * 32 / isa.bits());
  }

  static byte[] of(Isa isa, GgmlType type, int rows, int width) {
    return new MixCode(isa, type, rows, width).assemble();
  }

  private byte[] assemble() {
    asm.enter();
    asm.load(RSI, Mem.at(RDI, PAGES));
    asm.load(RCX, Mem.at(RDI, COUNT));
    asm.load(R11, Mem.at(RDI, WEIGHTS));
    asm.load(R12, Mem.at(RDI, STEP));
    asm.load(R13, Mem.at(RDI, OFFSET));
    asm.load(R14, Mem.at(RDI, SUM_STRIDE));
    begin();
    Label page = new Label();
    asm.bind(page);
    asm.load(R8, Mem.at(RSI, 0));
    asm.add(R8, R13);
    asm.load(R9, Mem.at(RSI, 8));
    asm.load(RBX, Mem.at(RSI, 16 * AttentionCode.AHEAD));
    asm.add(RBX, R13);
    Label position = new Label();
    asm.bind(position);
    if (weights.length == rows) {
      for (int r = 0; r < rows; r++) {
        weight(weights[r], r);
      }
    }
    if (reader.quantized()) {
      quantized();
    } else {
      for (int v = 0; v < width; v++) {
        reader.floats(value, R8, v * reader.vectorBytes());
        multiply(v);
      }
    }
    asm.prefetchSecond(Mem.at(RBX, 0));
    if (bytes() > 64) {
      asm.prefetchSecond(Mem.at(RBX, 64));
    }
    asm.add(RBX, R12);
    asm.add(R8, R12);
    asm.addImm(R11, 4);
    asm.addImm(R9, -1);
    asm.jnz(position);
    asm.addImm(RSI, 16);
    asm.addImm(RCX, -1);
    asm.jnz(page);
    asm.load(R10, Mem.at(RDI, SUMS));
    for (int r = 0; r < rows; r++) {
      for (int v = 0; v < width; v++) {
        asm.op(Vop.VMOVUPS_STORE, bits, sums[r * width + v], Mem.at(R10, v * bits / 8));
      }
      asm.add(R10, R14);
    }
    asm.leave();
    return asm.finish();
  }

  /** Bytes of a position's values that are read. */
  private long bytes() {
    return reader.type().rowBytes((long) width * reader.lanes());
  }

  /** Loads the sums, brought under the new maximum. */
  private void begin() {
    asm.load(R10, Mem.at(RDI, SUMS));
    asm.load(R9, Mem.at(RDI, STATE));
    for (int r = 0; r < rows; r++) {
      int at = r * SoftmaxCode.STATE_BYTES + SoftmaxCode.FACTOR;
      asm.op(Vop.VPBROADCASTD, bits, value, Mem.at(R9, at));
      for (int v = 0; v < width; v++) {
        asm.op(Vop.VMULPS, bits, sums[r * width + v], value, Mem.at(R10, v * bits / 8));
      }
      asm.add(R10, R14);
    }
  }

  private void weight(int target, int row) {
    asm.op(Vop.VPBROADCASTD, bits, target, Mem.at(R11, row * AttentionCode.STRIDE));
  }

  private void quantized() {
    boolean halves = reader.type() == GgmlType.Q4_0;
    int perBlock = PageReader.BLOCK / reader.lanes();
    for (int v = 0; v < width; v++) {
      int at = v / perBlock * reader.type().blockBytes();
      int within = v % perBlock;
      if (within == 0) {
        reader.scale(scale, R8, at);
      }
      boolean high = halves && within >= perBlock / 2;
      int line = high ? within - perBlock / 2 : within;
      reader.quants(value, scale, R8, at + 2 + line * reader.lanes(), high);
      multiply(v);
    }
  }

  private void multiply(int v) {
    for (int r = 0; r < rows; r++) {
      int weight = weights[r % weights.length];
      if (weights.length < rows) {
        weight(weight, r);
      }
      asm.op(Vop.VFMADD231PS, bits, sums[r * width + v], value, weight);
    }
  }
}
