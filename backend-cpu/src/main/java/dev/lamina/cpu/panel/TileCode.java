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

/**
 * Assembles the product of panels with many rows of rounded activations on the tiles of AMX. A line
 * of a panel is a row of AMX's second factor as it is, and a record's values are a row of the
 * first. The products of a part become 32-bit integers for 16 tokens in one tile, which go by way
 * of memory to vectors; from there on all is as in {@link ProductCode}, to the last bit.
 *
 * <p>The tiles work on a part while the vectors scale the one before: every part is begun, its
 * predecessor finished, and only then are its sums stored.
 */
final class TileCode {
  /** The most tokens: two tiles of them. */
  static final int MOST_TOKENS = 32;

  private static final int TILE_TOKENS = 16;

  // scratch memory, behind that of the scales: values, sums, and the totals without a register
  private static final int VALUES = ScaleCode.SCRATCH;
  private static final int VALUES_BYTES = 64 * 8;
  private static final int SUMS = VALUES + 2 * VALUES_BYTES;
  private static final int TOTALS = SUMS + 64 * MOST_TOKENS;

  /** Bytes of scratch memory, besides that of {@link ScaleCode}. */
  static final int SCRATCH = TOTALS + 64 * MOST_TOKENS - ScaleCode.SCRATCH;

  // tile registers
  private static final int SUM_TILE = 0;
  private static final int TOKEN_TILE = 4;
  private static final int WEIGHT_TILE = 6;

  // general registers: what is begun, and what is finished one part later
  private static final int W = RSI;
  private static final int X = RDX;
  private static final int FINISHED_W = R14;
  private static final int FINISHED_X = R15;
  private static final int RECORD_STRIDE = RBX;
  private static final int LINE_STRIDE = RBP;
  private static final int SCRATCH_AT = R11;

  private final PanelFormat format;
  private final InputFormat input;
  private final int tokens;
  private final int parts;
  private final int steps;
  private final Assembler asm = new Assembler();
  private final Registers registers = new Registers(asm, Isa.AMX_INT8);
  private final int bits = registers.bits;
  private final ValueCode values;
  private final ScaleCode scales;
  private final int value;
  private final int spare;
  private final int sum;
  private final int factor;
  private final int scale;
  private int[] totals;

  private TileCode(PanelFormat format, int tokens) {
    this.format = format;
    this.input = format.input();
    this.tokens = tokens;
    this.parts = InputFormat.VALUES / format.part();
    this.steps = format.records() * parts;
    this.values = new ValueCode(registers, format, W, SCRATCH_AT, true);
    this.scales = new ScaleCode(registers, format, FINISHED_W, SCRATCH_AT);
    this.value = registers.take();
    this.spare = registers.take();
    this.sum = registers.take();
    this.factor = registers.take();
    this.scale = registers.take();
  }

  /** The code for exactly {@code tokens} rows of activations. */
  static byte[] of(PanelFormat format, int tokens) {
    return new TileCode(format, tokens).assemble();
  }

  private byte[] assemble() {
    asm.enter();
    values.keepConstants();
    values.keepMasks();
    totals = registers.take(Math.min(tokens, registers.left()));
    asm.load(SCRATCH_AT, Mem.at(RDI, ProductCode.SCRATCH));
    asm.load(R12, Mem.at(RDI, ProductCode.OUT_STRIDE));
    asm.load(R13, Mem.at(RDI, ProductCode.INIT_STRIDE));
    asm.mov32(RECORD_STRIDE, input.recordBytes());
    asm.mov32(LINE_STRIDE, 64);
    asm.tileConfig(asm.vector(shapes()));
    asm.load(W, Mem.at(RDI, ProductCode.WEIGHTS));
    asm.load(R8, Mem.at(RDI, ProductCode.OUT));
    asm.load(R9, Mem.at(RDI, ProductCode.INIT));
    asm.load(R10, Mem.at(RDI, ProductCode.PANELS));
    Label panel = new Label();
    asm.bind(panel);
    panel();
    asm.addImm(R8, 64);
    asm.add(R9, Mem.at(RDI, ProductCode.INIT_STEP));
    asm.add(W, Mem.at(RDI, ProductCode.SKIP));
    asm.addImm(R10, -1);
    asm.jnz(panel);
    asm.tileRelease();
    asm.leave();
    return asm.finish();
  }

  /** Rows and bytes of a row of each tile register, as {@code LDTILECFG} reads them. */
  private byte[] shapes() {
    byte[] shapes = new byte[64];
    shapes[0] = 1;
    for (int half = 0; half < halves(); half++) {
      int rows = Math.min(TILE_TOKENS, tokens - half * TILE_TOKENS);
      shape(shapes, SUM_TILE + half, rows, 64);
      shape(shapes, TOKEN_TILE + half, rows, format.part());
    }
    shape(shapes, WEIGHT_TILE, format.part() / 4, 64);
    return shapes;
  }

  /** Puts a tile register's rows, and bytes of a row, where {@code LDTILECFG} reads them. */
  static void shape(byte[] shapes, int tile, int rows, int bytes) {
    shapes[16 + 2 * tile] = (byte) bytes;
    shapes[48 + tile] = (byte) rows;
  }

  private int halves() {
    return (tokens + TILE_TOKENS - 1) / TILE_TOKENS;
  }

  private void panel() {
    asm.load(X, Mem.at(RDI, ProductCode.INPUT));
    asm.load(RCX, Mem.at(RDI, ProductCode.BLOCKS));
    asm.mov(RAX, R9);
    for (int t = 0; t < tokens; t++) {
      asm.op(Vop.VMOVUPS, bits, total(t), Mem.at(RAX, 0));
      putTotal(t);
      asm.add(RAX, R13);
    }
    asm.mov(FINISHED_W, W);
    asm.mov(FINISHED_X, X);
    begin(0);
    scales.block(0, value, spare, sum, factor);
    store();
    Label block = new Label();
    Label last = new Label();
    asm.bind(block);
    for (int step = 1; step < steps; step++) {
      begin(step);
      finish(step - 1);
      store();
    }
    asm.addImm(W, format.blockBytes());
    asm.addImm(RCX, -1);
    asm.jz(last);
    begin(0);
    finish(steps - 1);
    asm.mov(FINISHED_W, W);
    scales.block(0, value, spare, sum, factor);
    store();
    asm.jmp(block);
    asm.bind(last);
    finish(steps - 1);
    asm.mov(RAX, R8);
    for (int t = 0; t < tokens; t++) {
      getTotal(t);
      asm.op(Vop.VMOVUPS_STORE, bits, total(t), Mem.at(RAX, 0));
      asm.add(RAX, R12);
    }
  }

  /** Starts the products of a part. */
  private void begin(int step) {
    int record = step / parts;
    int quads = 8 / parts;
    int first = step % parts * quads;
    int at = VALUES + step % 2 * VALUES_BYTES;
    if (first == 0) {
      values.lookUp(value, sum, spare, factor, record, 0);
    }
    for (int quad = 0; quad < quads; quad++) {
      values.ahead(record, first + quad);
      values.load(value, spare, record, first + quad, 0);
      asm.op(Vop.VMOVUPS_STORE, bits, value, Mem.at(SCRATCH_AT, at + 64 * quad));
    }
    asm.tileLoad(WEIGHT_TILE, SCRATCH_AT, LINE_STRIDE, at);
    for (int half = 0; half < halves(); half++) {
      asm.tileZero(SUM_TILE + half);
      int disp = half * TILE_TOKENS * input.recordBytes() + 4 * first;
      asm.tileLoad(TOKEN_TILE + half, X, RECORD_STRIDE, disp);
      asm.tileProduct(SUM_TILE + half, TOKEN_TILE + half, WEIGHT_TILE);
    }
    if (step % parts == parts - 1) {
      asm.addImm(X, tokens * input.recordBytes());
    }
  }

  private void store() {
    for (int half = 0; half < halves(); half++) {
      asm.tileStore(SCRATCH_AT, LINE_STRIDE, SUMS + half * TILE_TOKENS * 64, SUM_TILE + half);
    }
  }

  /** Scales the sums of a part and adds them up. */
  private void finish(int step) {
    scales.scale(scale, factor, step, 0);
    for (int t = 0; t < tokens; t++) {
      getTotal(t);
      asm.op(Vop.VCVTDQ2PS, bits, sum, Mem.at(SCRATCH_AT, SUMS + 64 * t));
      registers.mulBroadcast(factor, scale, FINISHED_X, disp(t, InputFormat.SCALE));
      asm.op(Vop.VFMADD231PS, bits, total(t), sum, factor);
      putTotal(t);
    }
    int part = step % parts;
    if (format.minimum() != 0) {
      scales.minimum(scale, step, 0);
      Vop op = format.minimum() > 0 ? Vop.VFMADD231PS : Vop.VFNMADD231PS;
      for (int t = 0; t < tokens; t++) {
        getTotal(t);
        int sums = disp(t, InputFormat.SUMS + 4 * part);
        registers.fmaBroadcast(op, total(t), scale, FINISHED_X, sums, spare);
        putTotal(t);
      }
    }
    if (part == parts - 1) {
      asm.addImm(FINISHED_X, tokens * input.recordBytes());
    }
  }

  private int disp(int token, int at) {
    return token * input.recordBytes() + at;
  }

  /** A token's register, its own or a common one for the last tokens. */
  private int total(int token) {
    return token < totals.length ? totals[token] : spare;
  }

  private void getTotal(int token) {
    if (token >= totals.length) {
      asm.op(Vop.VMOVUPS, bits, spare, Mem.at(SCRATCH_AT, TOTALS + 64 * token));
    }
  }

  private void putTotal(int token) {
    if (token >= totals.length) {
      asm.op(Vop.VMOVUPS_STORE, bits, spare, Mem.at(SCRATCH_AT, TOTALS + 64 * token));
    }
  }
}
