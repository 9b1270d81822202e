package dev.lamina.cpu.pointwise;

import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.R9;
import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RDX;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.CodeCache;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.NativeCode;
import dev.lamina.cpu.code.Vop;
import java.lang.foreign.ValueLayout;

/** The root-mean-square norm of rows: {@code x / sqrt(mean(x^2) + eps) * gamma}. */
public final class NormCode {
  /** Bytes of scratch memory that a call needs. */
  public static final int CALL_SCRATCH = 64;

  /** Values of a round. */
  private static final int STEP = 32;

  // the arguments, by their offsets
  private static final int SOURCE = 0;
  private static final int GAMMA = 8;
  private static final int TARGET = 16;
  private static final int ROWS = 24;
  private static final int ROUNDS = 32;
  private static final int SIZE = 40;
  private static final int EPS = 44;

  private static final int FACTOR = 4;
  private static final int SPARE = 5;

  private record Key(Isa isa) {}

  private final long function;

  private NormCode(Isa isa) {
    function = CodeCache.function(new Key(isa), () -> assemble(isa.bits()));
  }

  /** The function of an instruction set that the processor has; null where sizes do not suit it. */
  public static NormCode of(Isa isa, int size) {
    return size % STEP == 0 ? new NormCode(isa) : null;
  }

  private static byte[] assemble(int bits) {
    int vectors = STEP * 32 / bits;
    Assembler asm = new Assembler();
    asm.enter();
    asm.load(RSI, Mem.at(RDI, SOURCE));
    asm.load(RDX, Mem.at(RDI, TARGET));
    asm.load(RCX, Mem.at(RDI, ROWS));
    Label row = new Label();
    asm.bind(row);
    asm.mov(R8, RSI);
    asm.load(R9, Mem.at(RDI, ROUNDS));
    for (int v = 0; v < vectors; v++) {
      asm.op(Vop.VPXOR, bits, v, v, v);
    }
    Label square = new Label();
    asm.bind(square);
    for (int v = 0; v < vectors; v++) {
      asm.op(Vop.VMOVUPS, bits, SPARE, Mem.at(R8, v * bits / 8));
      asm.op(Vop.VFMADD231PS, bits, v, SPARE, SPARE);
    }
    asm.addImm(R8, 4 * STEP);
    asm.addImm(R9, -1);
    asm.jnz(square);
    for (int v = 1; v < vectors; v++) {
      asm.op(Vop.VADDPS, bits, 0, 0, v);
    }
    factor(asm, bits);
    asm.load(R8, Mem.at(RDI, GAMMA));
    asm.load(R9, Mem.at(RDI, ROUNDS));
    Label scale = new Label();
    asm.bind(scale);
    for (int v = 0; v < vectors; v++) {
      int at = v * bits / 8;
      asm.op(Vop.VMULPS, bits, SPARE, FACTOR, Mem.at(RSI, at));
      asm.op(Vop.VMULPS, bits, SPARE, SPARE, Mem.at(R8, at));
      asm.op(Vop.VMOVUPS_STORE, bits, SPARE, Mem.at(RDX, at));
    }
    asm.addImm(R8, 4 * STEP);
    asm.addImm(RSI, 4 * STEP);
    asm.addImm(RDX, 4 * STEP);
    asm.addImm(R9, -1);
    asm.jnz(scale);
    asm.addImm(RCX, -1);
    asm.jnz(row);
    asm.leave();
    return asm.finish();
  }

  /** {@code 1 / sqrt(sum / size + eps)} in all lanes. */
  private static void factor(Assembler asm, int bits) {
    if (bits == 512) {
      asm.opImm(Vop.VEXTRACTI32X8, 512, 0, SPARE, 1);
      asm.op(Vop.VADDPS, 256, 0, 0, SPARE);
    }
    asm.opImm(Vop.VEXTRACTI128, 256, 0, SPARE, 1);
    asm.op(Vop.VADDPS, 128, 0, 0, SPARE);
    asm.opImm(Vop.VPSHUFD, 128, SPARE, 0, 0b01001110);
    asm.op(Vop.VADDPS, 128, 0, 0, SPARE);
    asm.opImm(Vop.VPSHUFD, 128, SPARE, 0, 0b10110001);
    asm.op(Vop.VADDPS, 128, 0, 0, SPARE);
    asm.op(Vop.VPBROADCASTD, 128, SPARE, Mem.at(RDI, SIZE));
    asm.op(Vop.VDIVPS, 128, 0, 0, SPARE);
    asm.op(Vop.VPBROADCASTD, 128, SPARE, Mem.at(RDI, EPS));
    asm.op(Vop.VADDPS, 128, 0, 0, SPARE);
    asm.op(Vop.VSQRTPS, 128, 0, 0);
    asm.op(Vop.VMOVUPS, 128, SPARE, asm.splat(Float.floatToRawIntBits(1)));
    asm.op(Vop.VDIVPS, 128, SPARE, SPARE, 0);
    asm.op(Vop.VPBROADCASTD, bits, FACTOR, SPARE);
  }

  /** Norms some rows of {@code size} values each, that lie one behind the other. */
  public void run(long x, long gamma, long y, int size, int rows, float eps, long scratch) {
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + SOURCE, x);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + GAMMA, gamma);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + TARGET, y);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + ROWS, rows);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + ROUNDS, size / STEP);
    NativeCode.ALL.set(ValueLayout.JAVA_FLOAT, scratch + SIZE, size);
    NativeCode.ALL.set(ValueLayout.JAVA_FLOAT, scratch + EPS, eps);
    NativeCode.call(function, scratch);
  }
}
