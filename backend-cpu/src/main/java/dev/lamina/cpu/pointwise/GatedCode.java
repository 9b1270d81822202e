package dev.lamina.cpu.pointwise;

import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RDX;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.backend.Op.Activation;
import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.CodeCache;
import dev.lamina.cpu.code.Exponential;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.NativeCode;
import dev.lamina.cpu.code.Vop;
import java.lang.foreign.ValueLayout;

/**
 * {@code activation(gate) * up}. Both activations are {@code g / (1 + e^-a)}: SiLU with {@code a =
 * g}, GELU's approximation by tanh with {@code a = 2 sqrt(2/pi) (g + 0.044715 g^3)}, since {@code
 * (1 + tanh u) / 2} is the logistic function of {@code 2 u}.
 */
public final class GatedCode {
  /** Bytes of scratch memory that a call needs. */
  public static final int CALL_SCRATCH = 32;

  /** Values that are read and written at a time: up to so many less one behind the last. */
  public static final int STEP = 16;

  // the arguments, by their offsets
  private static final int GATE = 0;
  private static final int UP = 8;
  private static final int OUT = 16;
  private static final int ROUNDS = 24;

  private static final float CUBIC = 0.044715f;
  private static final float LINEAR = -1.5957691216057308f;

  private record Key(Isa isa, Activation activation) {}

  private final long function;

  /** The function of an instruction set that the processor has. */
  public GatedCode(Isa isa, Activation activation) {
    function = CodeCache.function(new Key(isa, activation), () -> assemble(isa, activation));
  }

  private static Mem splat(Assembler asm, float value) {
    return asm.splat(Float.floatToRawIntBits(value));
  }

  private static byte[] assemble(Isa isa, Activation activation) {
    int bits = isa.bits();
    Assembler asm = new Assembler();
    int gate = 0;
    int x = 1;
    int e = 2;
    int one = 3;
    Exponential exponential = new Exponential(asm, bits, 4);
    asm.enter();
    exponential.prepare();
    asm.op(Vop.VMOVUPS, bits, one, splat(asm, 1));
    asm.load(RSI, Mem.at(RDI, GATE));
    asm.load(RDX, Mem.at(RDI, UP));
    asm.load(R8, Mem.at(RDI, OUT));
    asm.load(RCX, Mem.at(RDI, ROUNDS));
    Label round = new Label();
    asm.bind(round);
    for (int at = 0; at < 4 * STEP; at += bits / 8) {
      asm.op(Vop.VMOVUPS, bits, gate, Mem.at(RSI, at));
      switch (activation) {
        case SILU -> asm.op(Vop.VMULPS, bits, x, gate, splat(asm, -1));
        case GELU_TANH -> {
          asm.op(Vop.VMULPS, bits, x, gate, gate);
          asm.op(Vop.VMULPS, bits, x, x, splat(asm, CUBIC));
          asm.op(Vop.VADDPS, bits, x, x, one);
          asm.op(Vop.VMULPS, bits, x, x, gate);
          asm.op(Vop.VMULPS, bits, x, x, splat(asm, LINEAR));
        }
      }
      exponential.of(e, x);
      asm.op(Vop.VADDPS, bits, e, e, one);
      asm.op(Vop.VDIVPS, bits, e, gate, e);
      asm.op(Vop.VMULPS, bits, e, e, Mem.at(RDX, at));
      asm.op(Vop.VMOVUPS_STORE, bits, e, Mem.at(R8, at));
    }
    asm.addImm(RSI, 4 * STEP);
    asm.addImm(RDX, 4 * STEP);
    asm.addImm(R8, 4 * STEP);
    asm.addImm(RCX, -1);
    asm.jnz(round);
    asm.leave();
    return asm.finish();
  }

  /** Computes {@code n} values, rounded up to whole {@link #STEP}s, at least one. */
  public void run(long gate, long up, long out, int n, long scratch) {
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + GATE, gate);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + UP, up);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + OUT, out);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + ROUNDS, (n + STEP - 1) / STEP);
    NativeCode.call(function, scratch);
  }
}
