package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.ArmAssembler;
import dev.lamina.cpu.code.ArmAssembler.Size;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Neon;

/**
 * Assembles the rounding of activations for AArch64: the arguments, and the records to the last
 * bit, are those of {@link QuantizeCode}.
 */
final class ArmQuantizeCode {
  private static final float SMALLEST = 1e-30f;
  private static final int VECTORS = InputFormat.VALUES / 4;

  // general registers
  private static final int ARGUMENTS = 0;
  private static final int SOURCE = 1;
  private static final int TARGET = 2;
  private static final int RECORDS = 3;
  private static final int STEP = 4;

  // vector registers behind those of the values; they are not among those of the caller
  private static final int MOST = 16;
  private static final int T = 17;
  private static final int D = 18;
  private static final int CONSTANT = 19;

  private final InputFormat format;
  private final ArmAssembler asm = new ArmAssembler();

  private ArmQuantizeCode(InputFormat format) {
    this.format = format;
  }

  static byte[] of(InputFormat format) {
    return new ArmQuantizeCode(format).assemble();
  }

  private byte[] assemble() {
    asm.load(Size.X, SOURCE, ARGUMENTS, QuantizeCode.SOURCE);
    asm.load(Size.X, TARGET, ARGUMENTS, QuantizeCode.TARGET);
    asm.load(Size.X, RECORDS, ARGUMENTS, QuantizeCode.RECORDS);
    asm.load(Size.X, STEP, ARGUMENTS, QuantizeCode.STEP);
    Label record = new Label();
    asm.bind(record);
    for (int i = 0; i < VECTORS; i++) {
      asm.load(Size.Q, i, SOURCE, 16 * i);
    }
    if (format.rounded()) {
      scale();
      values();
      sums();
    } else {
      for (int i = 0; i < VECTORS; i++) {
        asm.store(Size.Q, i, TARGET, 16 * i);
      }
    }
    asm.addImm(SOURCE, SOURCE, 4 * InputFormat.VALUES);
    asm.add(TARGET, TARGET, STEP);
    asm.loop(RECORDS, record);
    asm.ret();
    return asm.finish();
  }

  private void splat(int target, float value) {
    asm.splat(target, Float.floatToRawIntBits(value));
  }

  /** Magnitudes are compared as integers, where a NaN is the largest of all. */
  private void scale() {
    asm.op(Neon.FABS, MOST, 0);
    for (int i = 1; i < VECTORS; i++) {
      asm.op(Neon.FABS, T, i);
      asm.op(Neon.UMAX_4S, MOST, MOST, T);
    }
    asm.op(Neon.UMAXV, MOST, MOST);
    asm.broadcast(MOST, MOST, 0);
    splat(T, SMALLEST);
    asm.op(Neon.UMAX_4S, MOST, MOST, T);
    splat(T, 1 / 127f);
    asm.op(Neon.FMUL, D, MOST, T);
    roundScale();
    asm.store(Size.S, D, TARGET, InputFormat.SCALE);
    splat(T, 127);
    asm.op(Neon.FDIV, T, T, MOST);
  }

  /** Rounds the scale to 11 bits, to even. */
  private void roundScale() {
    asm.shift(Neon.USHR_4S, T, D, 13);
    asm.splat(CONSTANT, 1);
    asm.op(Neon.AND, T, T, CONSTANT);
    asm.splat(CONSTANT, 0xfff);
    asm.op(Neon.ADD_4S, T, T, CONSTANT);
    asm.op(Neon.ADD_4S, T, T, D);
    asm.shift(Neon.USHR_4S, T, T, 13);
    asm.shift(Neon.SHL_4S, T, T, 13);
    // zero times what is no number is none, whatever became of its bits
    asm.splatByte(CONSTANT, 0);
    asm.op(Neon.FMUL, D, D, CONSTANT);
    asm.op(Neon.FADD, D, D, T);
  }

  private void values() {
    for (int i = 0; i < VECTORS; i++) {
      asm.op(Neon.FMUL, i, i, T);
      asm.op(Neon.FCVTNS, i, i);
    }
    for (int i = 0; i < VECTORS; i += 2) {
      asm.op(Neon.SQXTN_4H, i / 2, i);
      asm.op(Neon.SQXTN2_8H, i / 2, i + 1);
    }
    for (int i = 0; i < 2; i++) {
      asm.op(Neon.SQXTN_8B, i, 2 * i);
      asm.op(Neon.SQXTN2_16B, i, 2 * i + 1);
      asm.store(Size.Q, i, TARGET, 16 * i);
    }
  }

  private void sums() {
    asm.splatByte(CONSTANT, 1);
    int parts = InputFormat.VALUES / format.part();
    for (int part = 0; part < parts; part++) {
      asm.splatByte(T, 0);
      for (int i = part; i < (parts == 1 ? 2 : part + 1); i++) {
        asm.op(Neon.SDOT, T, i, CONSTANT);
      }
      asm.op(Neon.ADDV, T, T);
      if (format.offset() == 0) {
        asm.op(Neon.SCVTF, T, T);
        asm.op(Neon.FMUL, T, T, D);
      } else {
        asm.splat(MOST, -format.offset());
        asm.op(Neon.MUL_4S, T, T, MOST);
      }
      asm.store(Size.S, T, TARGET, InputFormat.SUMS + 4 * part);
    }
  }
}
