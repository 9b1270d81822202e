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
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;
import java.util.List;

/**
 * Assembles steps of {@link TileProducts}, rows of {@link RowSoftmax}, or both at once: tiles are
 * multiplied by a unit of their own, while the vectors' ones work on rows of another block.
 */
final class TileStepCode {
  // the arguments, by their offsets
  static final int ROW_TILES = 0;
  static final int COLUMN_TILES = 8;
  static final int PRODUCT_SUMS = 16;
  static final int SUM_STRIDE = 24;
  static final int STEPS = 32;

  // those of the softmax, as RowSoftmax names them; they go on with each row that is done
  static final int SCORES = 40;
  static final int WEIGHTS = 48;
  static final int STATE = 56;
  static final int TOTALS = 64;
  static final int SUMS = 72;
  static final int LIMITS = 80;

  /** Rows of a softmax alone. */
  static final int ROWS = 88;

  static final int ARGUMENTS = 96;

  private static final int PRODUCT_COUNT = R10;

  /**
   * What a step of products is.
   *
   * @param depth in blocks of 32
   * @param splits numbers that a column's values are the sum of
   * @param columnTiles 1 or 2
   * @param add whether sums are added to
   * @param columnStep bytes from a step's column tiles to the next step's
   */
  record Products(int depth, int splits, int columnTiles, boolean add, int columnStep) {}

  /**
   * What a row of a softmax is.
   *
   * @param blocks of 32 positions
   * @param limited whether scores have limits
   * @param dim sums of values
   */
  record Softmax(int blocks, boolean limited, int dim) {}

  private final Assembler asm = new Assembler();
  private final TileProducts products = new TileProducts(asm, RSI, RDX, RCX, R11, R9, R8);
  private final RowSoftmax softmax = new RowSoftmax(asm, RBX, RBP, R12, R13, R14, R15, RAX);

  private TileStepCode() {}

  /** Products alone. */
  static byte[] of(Products step) {
    return new TileStepCode().assemble(step, null, 0);
  }

  /** Rows of a softmax alone. */
  static byte[] of(Softmax row) {
    return new TileStepCode().assemble(row);
  }

  /** Products, and so many rows of a softmax in each step. */
  static byte[] of(Products step, Softmax row, int rows) {
    return new TileStepCode().assemble(step, row, rows);
  }

  /** Gives the tile registers their shapes. */
  static byte[] begin() {
    Assembler asm = new Assembler();
    asm.tileConfig(asm.vector(TileProducts.shapes()));
    asm.ret();
    return asm.finish();
  }

  /** Gives the tile registers back. */
  static byte[] end() {
    Assembler asm = new Assembler();
    asm.tileRelease();
    asm.ret();
    return asm.finish();
  }

  /** Adds up each row's sums of weights, to where {@link FinishCode} reads them. */
  static byte[] totals() {
    Assembler asm = new Assembler();
    asm.enter();
    asm.load(RSI, Mem.at(RDI, TOTALS));
    asm.load(RDX, Mem.at(RDI, STATE));
    asm.load(RCX, Mem.at(RDI, ROWS));
    Label row = new Label();
    asm.bind(row);
    asm.op(Vop.VMOVUPS, 512, 0, Mem.at(RSI, 0));
    asm.opImm(Vop.VEXTRACTI32X8, 512, 0, 1, 1);
    asm.op(Vop.VADDPS, 256, 0, 0, 1);
    asm.opImm(Vop.VEXTRACTI128, 256, 0, 1, 1);
    asm.op(Vop.VADDPS, 128, 0, 0, 1);
    for (int order : new int[] {0b01001110, 0b10110001}) {
      asm.opImm(Vop.VPSHUFD, 128, 1, 0, order);
      asm.op(Vop.VADDPS, 128, 0, 0, 1);
    }
    asm.op(Vop.VMOVSS_STORE, 128, 0, Mem.at(RDX, SoftmaxCode.TOTAL));
    asm.addImm(RSI, 64);
    asm.addImm(RDX, SoftmaxCode.STATE_BYTES);
    asm.addImm(RCX, -1);
    asm.jnz(row);
    asm.leave();
    return asm.finish();
  }

  private byte[] assemble(Softmax row) {
    asm.enter();
    prepareSoftmax();
    asm.load(RCX, Mem.at(RDI, ROWS));
    Label loop = new Label();
    asm.bind(loop);
    softmax.row(row.blocks, row.limited, row.dim).forEach(Runnable::run);
    asm.addImm(RCX, -1);
    asm.jnz(loop);
    asm.leave();
    return asm.finish();
  }

  private byte[] assemble(Products step, Softmax row, int rows) {
    asm.enter();
    asm.load(RSI, Mem.at(RDI, ROW_TILES));
    asm.load(RDX, Mem.at(RDI, COLUMN_TILES));
    asm.load(RCX, Mem.at(RDI, PRODUCT_SUMS));
    asm.load(R9, Mem.at(RDI, SUM_STRIDE));
    asm.load(PRODUCT_COUNT, Mem.at(RDI, STEPS));
    asm.mov(R11, R9);
    for (int r = 1; r < TileProducts.TILE; r *= 2) {
      asm.add(R11, R11);
    }
    asm.add(R11, RCX);
    asm.mov32(R8, 64);
    if (rows > 0) {
      prepareSoftmax();
    }
    Label loop = new Label();
    asm.bind(loop);
    List<Runnable> tiles = products.step(step.depth, step.splits, step.columnTiles, step.add);
    List<Runnable> vectors = rows == 0 ? List.of() : softmax.row(row.blocks, row.limited, row.dim);
    int all = rows * vectors.size();
    int done = 0;
    for (int i = 0; i < tiles.size(); i++) {
      tiles.get(i).run();
      for (; done < (long) all * (i + 1) / tiles.size(); done++) {
        vectors.get(done % vectors.size()).run();
      }
    }
    asm.addImm(RDX, step.columnStep);
    asm.addImm(RCX, 2 * 64);
    asm.addImm(R11, 2 * 64);
    asm.addImm(PRODUCT_COUNT, -1);
    asm.jnz(loop);
    if (rows > 0) {
      endSoftmax();
    }
    asm.leave();
    return asm.finish();
  }

  private void prepareSoftmax() {
    asm.load(RBX, Mem.at(RDI, SCORES));
    asm.load(RBP, Mem.at(RDI, WEIGHTS));
    asm.load(R12, Mem.at(RDI, STATE));
    asm.load(R13, Mem.at(RDI, TOTALS));
    asm.load(R14, Mem.at(RDI, SUMS));
    asm.load(R15, Mem.at(RDI, LIMITS));
    softmax.prepare();
  }

  /** Leaves in the arguments what the next rows need. */
  private void endSoftmax() {
    asm.store(Mem.at(RDI, SCORES), RBX);
    asm.store(Mem.at(RDI, WEIGHTS), RBP);
    asm.store(Mem.at(RDI, STATE), R12);
    asm.store(Mem.at(RDI, TOTALS), R13);
    asm.store(Mem.at(RDI, SUMS), R14);
    asm.store(Mem.at(RDI, LIMITS), R15);
  }
}
