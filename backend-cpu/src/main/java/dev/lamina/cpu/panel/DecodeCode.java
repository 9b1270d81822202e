package dev.lamina.cpu.panel;

import static dev.lamina.cpu.code.Assembler.R11;
import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RDX;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Splitting;
import dev.lamina.cpu.code.Vop;

/**
 * Assembles the decoding of a panel's blocks for products with many rows: to a panel of F32, or to
 * panels of BF16 whose sum it is, side by side record by record of 32 columns.
 */
final class DecodeCode {
  // the arguments, by their offsets
  static final int SOURCE = 0;
  static final int TARGET = 8;
  static final int BLOCKS = 16;

  /** Address of scratch memory of {@link ScaleCode#SCRATCH} bytes. */
  static final int SCRATCH = 24;

  /** Bytes of 32 columns of 16 rows as bfloat16 numbers. */
  static final int SPLIT_BYTES = 2 * InputFormat.VALUES * PanelFormat.ROWS;

  private final PanelFormat format;
  private final boolean split;
  private final Assembler asm = new Assembler();
  private final Registers registers;
  private final int bits;
  private final ColumnCode columns;

  private DecodeCode(Isa isa, PanelFormat format, boolean split) {
    this.format = format;
    this.split = split;
    this.registers = new Registers(asm, isa);
    this.bits = isa.bits();
    this.columns = new ColumnCode(registers, format, RSI, R11, 1);
  }

  /**
   * The code for one panel.
   *
   * @param split whether to BF16; only with vectors of 512 bits
   */
  static byte[] of(Isa isa, PanelFormat format, boolean split) {
    return new DecodeCode(isa, format, split).assemble();
  }

  /** Bytes of 32 columns of 16 rows, decoded. */
  static int recordBytes(PanelFormat format, boolean split) {
    return split ? format.splits() * SPLIT_BYTES : 64 * InputFormat.VALUES;
  }

  private byte[] assemble() {
    asm.enter();
    int[] pair = registers.take(2);
    int[] taken = registers.take(split ? 2 : 0);
    Splitting splitting =
        split ? new Splitting(asm, bits, registers.take(), registers.take()) : null;
    columns.prepare();
    asm.load(RSI, Mem.at(RDI, SOURCE));
    asm.load(RDX, Mem.at(RDI, TARGET));
    asm.load(RCX, Mem.at(RDI, BLOCKS));
    asm.load(R11, Mem.at(RDI, SCRATCH));
    Label block = new Label();
    asm.bind(block);
    int recordBytes = recordBytes(format, split);
    for (int half = 0; half < 512 / bits; half++) {
      columns.block(half);
      for (int column = 0; column < format.columns(); column++) {
        int at = column / InputFormat.VALUES * recordBytes;
        int within = column % InputFormat.VALUES;
        if (half == 0) {
          columns.ahead(column);
        }
        columns.load(pair[column % 2], column, half);
        if (!split) {
          Mem to = Mem.at(RDX, at + 64 * within + 32 * half);
          asm.op(Vop.VMOVUPS_STORE, bits, pair[column % 2], to);
        } else if (column % 2 == 1) {
          split(splitting, pair, taken, at + 64 * (within / 2));
        }
      }
    }
    asm.addImm(RSI, format.blockBytes());
    asm.addImm(RDX, format.columns() / InputFormat.VALUES * recordBytes);
    asm.addImm(RCX, -1);
    asm.jnz(block);
    asm.leave();
    return asm.finish();
  }

  /** Two columns: the first in the low halves of dwords, as in panels of BF16. */
  private void split(Splitting splitting, int[] pair, int[] taken, int at) {
    int splits = format.splits();
    for (int n = 0; n < splits; n++) {
      for (int i = 0; i < 2; i++) {
        splitting.take(taken[i], pair[i], n == splits - 1);
      }
      asm.opImm(Vop.VPSRLD, bits, taken[0], taken[0], 16);
      asm.op(Vop.VPOR, bits, taken[0], taken[0], taken[1]);
      asm.op(Vop.VMOVUPS_STORE, bits, taken[0], Mem.at(RDX, at + SPLIT_BYTES * n));
    }
  }
}
