package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;
import dev.lamina.gguf.GgmlType;

/**
 * The part of a float product that brings the columns of a panel's block to registers as float32,
 * of 16 rows or of half of them: the very numbers that decoding rows gives.
 */
final class ColumnCode {
  private static final int VALUES_OF_DWORD = 4;

  private final Registers registers;
  private final Assembler asm;
  private final int bits;
  private final PanelFormat format;
  private final int weights;
  private final ValueCode values;
  private final ScaleCode scales;

  /** For each half that is loaded by turns: 4 values of each row, their scale and minimum. */
  private final int[] value;

  private final int[] scale;
  private final int[] minimum;
  private final int spare;
  private final int found;

  /**
   * @param weights general register with the address of the block
   * @param scratch general register with the address of scratch memory
   * @param halves how many halves are loaded by turns
   */
  ColumnCode(Registers registers, PanelFormat format, int weights, int scratch, int halves) {
    this.registers = registers;
    this.asm = registers.asm;
    this.bits = registers.bits;
    this.format = format;
    this.weights = weights;
    boolean quantized = format.quantized();
    values = quantized ? new ValueCode(registers, format, weights, scratch, true) : null;
    scales = quantized ? new ScaleCode(registers, format, weights, scratch) : null;
    value = registers.take(quantized ? halves : 0);
    scale = registers.take(quantized ? halves : 0);
    minimum = registers.take(quantized && format.minimum() != 0 ? halves : 0);
    spare = quantized ? registers.take() : -1;
    found = quantized ? registers.take() : -1;
  }

  /** Keeps what every block needs in registers: once the caller has taken its own. */
  void prepare() {
    if (!format.quantized()) {
      if (format.type() == GgmlType.BF16) {
        registers.keep(0xffff0000);
      }
      return;
    }
    values.keepConstants();
    registers.keep(255);
    values.keepMasks();
  }

  /** Before the first column of a block. */
  void block(int half) {
    if (format.quantized()) {
      int turn = half % value.length;
      scales.block(half, value[turn], spare, found, scale[turn]);
    }
  }

  /** Asks for the lines that are used some time after those of a column. */
  void ahead(int column) {
    int lines = (format.blockBytes() + 63) / 64;
    for (int i = column * lines / format.columns();
        i < (column + 1) * lines / format.columns();
        i++) {
      ValueCode.ahead(asm, weights, i);
    }
  }

  /** Brings a column to a register; columns must be asked for in order. */
  void load(int target, int column, int half) {
    if (format.quantized()) {
      quantized(target, column, half);
    } else if (format.type() == GgmlType.F32) {
      asm.op(Vop.VMOVUPS, bits, target, Mem.at(weights, 64 * column + 32 * half));
    } else if (format.type() == GgmlType.F16) {
      asm.op(Vop.VCVTPH2PS, bits, target, Mem.at(weights, 32 * column + 16 * half));
    } else {
      Mem line = Mem.at(weights, 64 * (column / 2) + 32 * half);
      if (column % 2 == 0) {
        registers.shift(target, line, -16);
      } else {
        registers.and(target, line, 0xffff0000);
      }
    }
  }

  private void quantized(int target, int column, int half) {
    int turn = half % value.length;
    int part = column / format.part();
    if (column % InputFormat.VALUES == 0) {
      // scale and minimum are loaded only behind it
      values.lookUp(value[turn], spare, found, scale[turn], column / InputFormat.VALUES, half);
    }
    if (column % format.part() == 0) {
      scales.scale(scale[turn], spare, part, half);
      if (format.minimum() != 0) {
        scales.minimum(minimum[turn], part, half);
      }
    }
    int byteOfDword = column % VALUES_OF_DWORD;
    if (byteOfDword == 0) {
      int quad = column % InputFormat.VALUES / VALUES_OF_DWORD;
      values.load(value[turn], spare, column / InputFormat.VALUES, quad, half);
    }
    extract(target, value[turn], byteOfDword);
    asm.op(Vop.VCVTDQ2PS, bits, target, target);
    asm.op(Vop.VMULPS, bits, target, target, scale[turn]);
    if (format.minimum() != 0) {
      Vop op = format.minimum() > 0 ? Vop.VADDPS : Vop.VSUBPS;
      asm.op(op, bits, target, target, minimum[turn]);
    }
  }

  /** A byte of each dword as an integer. */
  private void extract(int target, int value, int at) {
    if (format.offset() != 0) {
      int from = value;
      if (at < 3) {
        asm.opImm(Vop.VPSLLD, bits, target, value, 24 - 8 * at);
        from = target;
      }
      asm.opImm(Vop.VPSRAD, bits, target, from, 24);
      return;
    }
    int from = value;
    if (at > 0) {
      asm.opImm(Vop.VPSRLD, bits, target, value, 8 * at);
      from = target;
    }
    if (at < 3) {
      registers.and(target, from, 255);
    }
  }
}
