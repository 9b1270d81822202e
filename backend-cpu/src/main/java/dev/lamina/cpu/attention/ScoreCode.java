package dev.lamina.cpu.attention;

import static dev.lamina.cpu.code.Assembler.R10;
import static dev.lamina.cpu.code.Assembler.R11;
import static dev.lamina.cpu.code.Assembler.R12;
import static dev.lamina.cpu.code.Assembler.R13;
import static dev.lamina.cpu.code.Assembler.R14;
import static dev.lamina.cpu.code.Assembler.R15;
import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.R9;
import static dev.lamina.cpu.code.Assembler.RAX;
import static dev.lamina.cpu.code.Assembler.RBP;
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
 * Assembles the scores of some queries with whole pages of keys: a group of neighbouring positions
 * at a time, whose sums stay in registers over all dimensions. Keys lie dimension by dimension, the
 * positions side by side; queries lie one behind the other.
 */
final class ScoreCode {
  // the arguments, by their offsets
  /**
   * Address of the pages' addresses; behind them are {@link AttentionCode#AHEAD} more, of what to
   * ask memory for meanwhile.
   */
  static final int PAGES = 0;

  static final int COUNT = 8;
  static final int QUERIES = 16;

  /** Address of the first row's scores; the next row's are {@link AttentionCode#STRIDE} behind. */
  static final int OUT = 24;

  /** Dimensions, or blocks of them where values share scales. */
  static final int DEPTH = 32;

  /** Bytes from dimension to dimension, or from one row of bytes to the next. */
  static final int STEP = 40;

  /** Groups of a page. */
  static final int GROUPS = 48;

  /** Bytes from a page's beginning, where its scales are, to its quantized values. */
  static final int QUANTS = 56;

  /** What scores are multiplied with, a float. */
  static final int SCALE = 64;

  static final int ARGUMENTS = 72;

  private final Assembler asm = new Assembler();
  private final PageReader reader;
  private final int bits;
  private final int rows;

  /** Vectors of a group. */
  private final int width;

  private final int[] sums;
  private final int[] keys;
  private final int[] scales;
  private final int query;

  /** Bytes from one query to the next. */
  private final int queryBytes;

  private ScoreCode(Isa isa, GgmlType type, int rows, int width, int dim) {
    this.queryBytes = 4 * dim;
    this.bits = isa.bits();
    this.rows = rows;
    this.width = width;
    reader = new PageReader(asm, bits, type);
    int next = 0;
    sums = new int[rows * width];
    keys = new int[width];
    scales = new int[width];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = next++;
    }
    for (int i = 0; i < width; i++) {
      keys[i] = next++;
    }
    query = next++;
    if (reader.quantized()) {
      for (int i = 0; i < width; i++) {
        scales[i] = next++;
      }
    }
    if (next > isa.registers()) {
      throw new IllegalArgumentException(rows + " rows of " + width + " vectors are too many");
    }
  }

  /** Vectors of a group in pages of so many positions. */
  static int width(Isa isa, int pageSize) {
    return Math.min(isa.bits() == 512 ? 4 : 2, pageSize * 32 / isa.bits());
  }

  static byte[] of(Isa isa, GgmlType type, int rows, int width, int dim) {
    return new ScoreCode(isa, type, rows, width, dim).assemble();
  }

  private byte[] assemble() {
    asm.enter();
    asm.load(RSI, Mem.at(RDI, PAGES));
    asm.load(RCX, Mem.at(RDI, COUNT));
    asm.load(RDX, Mem.at(RDI, OUT));
    asm.load(R12, Mem.at(RDI, STEP));
    if (reader.quantized()) {
      asm.mov(R15, R12);
      asm.add(R15, R12); // scales have two bytes where quantized values have one
    }
    Label page = new Label();
    asm.bind(page);
    asm.load(RBX, Mem.at(RSI, 0));
    asm.load(RBP, Mem.at(RSI, 8 * AttentionCode.AHEAD));
    asm.load(R9, Mem.at(RDI, GROUPS));
    if (reader.quantized()) {
      asm.mov(R14, RBX);
      asm.add(R14, Mem.at(RDI, QUANTS));
    }
    Label group = new Label();
    asm.bind(group);
    asm.mov(R10, RBX);
    asm.load(R11, Mem.at(RDI, QUERIES));
    asm.load(R8, Mem.at(RDI, DEPTH));
    for (int sum : sums) {
      asm.op(Vop.VPXOR, bits, sum, sum, sum);
    }
    if (reader.quantized()) {
      blocks();
    } else {
      dimensions();
    }
    asm.op(Vop.VPBROADCASTD, bits, query, Mem.at(RDI, SCALE));
    for (int r = 0; r < rows; r++) {
      for (int p = 0; p < width; p++) {
        asm.op(Vop.VMULPS, bits, sums[r * width + p], sums[r * width + p], query);
        asm.op(
            Vop.VMOVUPS_STORE,
            bits,
            sums[r * width + p],
            Mem.at(RDX, r * AttentionCode.STRIDE + p * bits / 8));
      }
    }
    asm.addImm(RDX, width * bits / 8);
    if (reader.quantized()) {
      asm.addImm(RBX, 2 * width * reader.lanes());
      asm.addImm(R14, width * reader.lanes());
    } else {
      asm.addImm(RBX, width * reader.vectorBytes());
    }
    asm.addImm(R9, -1);
    asm.jnz(group);
    asm.addImm(RSI, 8);
    asm.addImm(RCX, -1);
    asm.jnz(page);
    asm.leave();
    return asm.finish();
  }

  private void dimensions() {
    Label dimension = new Label();
    asm.bind(dimension);
    for (int p = 0; p < width; p++) {
      reader.floats(keys[p], R10, p * reader.vectorBytes());
    }
    // the processor looks ahead within a page of memory, and not to where the next keys lie
    asm.prefetchSecond(Mem.at(RBP, 0));
    if (width * reader.vectorBytes() > 64) {
      asm.prefetchSecond(Mem.at(RBP, 64));
    }
    asm.addImm(RBP, width * reader.vectorBytes());
    multiply(0);
    asm.add(R10, R12);
    asm.addImm(R11, 4);
    asm.addImm(R8, -1);
    asm.jnz(dimension);
  }

  private void blocks() {
    boolean halves = reader.type() == GgmlType.Q4_0;
    int lines = halves ? PageReader.BLOCK / 2 : PageReader.BLOCK;
    asm.mov(R13, R14);
    Label block = new Label();
    asm.bind(block);
    for (int p = 0; p < width; p++) {
      asm.op(Vop.VCVTPH2PS, bits, scales[p], Mem.at(R10, 2 * p * reader.lanes()));
    }
    asm.mov32(RAX, lines);
    Label line = new Label();
    asm.bind(line);
    for (int half = 0; half < (halves ? 2 : 1); half++) {
      for (int p = 0; p < width; p++) {
        reader.quants(keys[p], scales[p], R13, p * reader.lanes(), half == 1);
      }
      if (half == 0) {
        asm.prefetchSecond(Mem.at(RBP, 0));
        asm.addImm(RBP, width * reader.lanes());
      }
      multiply(half * lines * 4);
    }
    asm.add(R13, R12);
    asm.addImm(R11, 4);
    asm.addImm(RAX, -1);
    asm.jnz(line);
    if (halves) {
      asm.addImm(R11, lines * 4);
    }
    asm.add(R10, R15);
    asm.addImm(R8, -1);
    asm.jnz(block);
  }

  /** Adds the products of the loaded keys with all rows' queries. */
  private void multiply(int disp) {
    for (int r = 0; r < rows; r++) {
      asm.op(Vop.VPBROADCASTD, bits, query, Mem.at(R11, disp + r * queryBytes));
      for (int p = 0; p < width; p++) {
        asm.op(Vop.VFMADD231PS, bits, sums[r * width + p], keys[p], query);
      }
    }
  }
}
