package dev.lamina.cpu.attention;

import static dev.lamina.cpu.code.Assembler.R10;
import static dev.lamina.cpu.code.Assembler.R11;
import static dev.lamina.cpu.code.Assembler.R12;
import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.R9;
import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RDX;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Splitting;
import dev.lamina.cpu.code.Vop;
import dev.lamina.gguf.GgmlType;

/**
 * Assembles the making of column tiles (see {@link TileProducts}) from what pages hold: 16 rows of
 * 16 values and the 16 rows that go with them, as pairs of bfloat16 numbers that they are the sums
 * of.
 */
final class PairCode {
  // the arguments, by their offsets
  /** Address of a list of tiles, each {@link #ENTRY_BYTES}. */
  static final int LIST = 0;

  static final int COUNT = 8;

  /** Bytes from row to row. */
  static final int STRIDE = 16;

  // an entry of the list: addresses
  /** Of the first of 16 rows. */
  static final int LOW = 0;

  /** Of the first of the other 16. */
  static final int HIGH = 8;

  static final int TARGET = 16;

  /** Of the scales of quantized keys. */
  static final int SCALES = 24;

  /** Of {@link #aheadBytes} that will be read with the next tile, to be asked for. */
  static final int AHEAD = 32;

  static final int ENTRY_BYTES = 64;

  /** What rows are, which matters where values share scales. */
  enum Rows {
    /** A dimension of neighbouring positions, whose scales lie elsewhere. */
    DIMENSIONS,
    /** The first half of a block of a position. */
    FIRST_HALVES,
    /** The second half of a block of a position; the addresses are the block's. */
    SECOND_HALVES
  }

  private static final int BITS = 512;

  // vector registers
  private static final int[] PAIR = {0, 1};
  private static final int[] TAKEN = {2, 3};
  private static final int SCALE = 4;

  private final Assembler asm = new Assembler();
  private final PageReader reader;
  private final GgmlType type;
  private final Rows rows;
  private final int valid;

  private PairCode(GgmlType type, Rows rows, int valid) {
    this.type = type;
    this.rows = rows;
    this.valid = valid;
    reader = new PageReader(asm, BITS, type);
  }

  /** Bfloat16 numbers that a type's values are the sum of. */
  static int splits(GgmlType type) {
    return switch (type) {
      case BF16 -> 1;
      case F16, Q4_0 -> 2; // of 11 bits, and of a scale's 11 times 4
      default -> 3;
    };
  }

  /** Bytes of memory that hold what a tile is made of. */
  static int aheadBytes(GgmlType type) {
    return (int) type.rowBytes(PageReader.BLOCK) * TileProducts.TILE;
  }

  /**
   * The code.
   *
   * @param valid rows that there are, 32 or less; the others are zero
   */
  static byte[] of(GgmlType type, Rows rows, int valid) {
    return new PairCode(type, rows, valid).assemble();
  }

  private byte[] assemble() {
    asm.enter();
    asm.load(RSI, Mem.at(RDI, LIST));
    asm.load(RCX, Mem.at(RDI, COUNT));
    asm.load(R12, Mem.at(RDI, STRIDE));
    Splitting splitting = new Splitting(asm, BITS, 5, 6);
    Label tile = new Label();
    asm.bind(tile);
    asm.load(R10, Mem.at(RSI, LOW));
    asm.load(R11, Mem.at(RSI, HIGH));
    asm.load(RDX, Mem.at(RSI, TARGET));
    if (reader.quantized() && rows == Rows.DIMENSIONS) {
      asm.load(R9, Mem.at(RSI, SCALES));
      asm.op(Vop.VCVTPH2PS, BITS, SCALE, Mem.at(R9, 0));
    }
    asm.load(R8, Mem.at(RSI, AHEAD));
    int lines = (aheadBytes(type) + 63) / 64;
    for (int row = 0; row < TileProducts.TILE; row++) {
      for (int line = row; line < lines; line += TileProducts.TILE) {
        asm.prefetchSecond(Mem.at(R8, 64 * line));
      }
      load(row, 0, R10);
      load(row, 1, R11);
      split(splitting, 64 * row);
      asm.add(R10, R12);
      asm.add(R11, R12);
    }
    asm.addImm(RSI, ENTRY_BYTES);
    asm.addImm(RCX, -1);
    asm.jnz(tile);
    asm.leave();
    return asm.finish();
  }

  private void load(int row, int half, int at) {
    int target = PAIR[half];
    if (row + half * TileProducts.TILE >= valid) {
      asm.op(Vop.VPXOR, BITS, target, target, target);
      return;
    }
    boolean nibbles = type == GgmlType.Q4_0;
    if (!reader.quantized()) {
      reader.floats(target, at, 0);
    } else if (rows == Rows.DIMENSIONS) {
      // a byte has the values of two dimensions, 16 apart
      reader.quants(target, SCALE, nibbles ? R10 : at, 0, nibbles && half == 1);
    } else {
      boolean second = rows == Rows.SECOND_HALVES;
      reader.scale(SCALE, at, 0);
      reader.quants(target, SCALE, at, second && !nibbles ? 2 + 16 : 2, nibbles && second);
    }
  }

  private void split(Splitting splitting, int at) {
    int splits = splits(type);
    for (int n = 0; n < splits; n++) {
      for (int i = 0; i < 2; i++) {
        splitting.take(TAKEN[i], PAIR[i], n == splits - 1);
      }
      asm.opImm(Vop.VPSRLD, BITS, TAKEN[0], TAKEN[0], 16);
      asm.op(Vop.VPOR, BITS, TAKEN[0], TAKEN[0], TAKEN[1]);
      asm.op(Vop.VMOVUPS_STORE, BITS, TAKEN[0], Mem.at(RDX, at + TileProducts.NUMBER_BYTES * n));
    }
  }
}
