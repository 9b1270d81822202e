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
 * What is made of two values each: their sum, or {@code activation(gate) * up}. Both activations
 * are {@code g / (1 + e^-a)}: SiLU with {@code a = g}, GELU's approximation by tanh with {@code a =
 * 2 sqrt(2/pi) (g + 0.044715 g^3)}, since {@code (1 + tanh u) / 2} is the logistic function of
 * {@code 2 u}.
 */
public final class PointwiseCode {
  /** Bytes of scratch memory that a call needs. */
  public static final int CALL_SCRATCH = 32;

  /** Values that are read and written at a time: up to so many less one behind the last. */
  public static final int STEP = 16;

  // the arguments, by their offsets
  private static final int FIRST_AT = 0;
  private static final int SECOND_AT = 8;
  private static final int OUT = 16;
  private static final int ROUNDS = 24;

  private static final int FIRST = 0;
  private static final int X = 1;
  private static final int E = 2;
  private static final int ONE = 3;

  private static final float CUBIC = 0.044715f;
  private static final float LINEAR = -1.5957691216057308f;

  /** What there is code for. */
  private enum Kind {
    ADD,
    SILU,
    GELU_TANH
  }

  private record Key(Isa isa, Kind kind) {}

  private final long function;

  private PointwiseCode(Isa isa, Kind kind) {
    function = CodeCache.function(new Key(isa, kind), () -> assemble(isa, kind));
  }

  /** The sum of two, with an instruction set that the processor has. */
  public static PointwiseCode add(Isa isa) {
    return new PointwiseCode(isa, Kind.ADD);
  }

  /** {@code activation(gate) * up}, likewise. */
  public static PointwiseCode gated(Isa isa, Activation activation) {
    return new PointwiseCode(
        isa,
        switch (activation) {
          case SILU -> Kind.SILU;
          case GELU_TANH -> Kind.GELU_TANH;
        });
  }

  private static Mem splat(Assembler asm, float value) {
    return asm.splat(Float.floatToRawIntBits(value));
  }

  private static byte[] assemble(Isa isa, Kind kind) {
    int bits = isa.bits();
    Assembler asm = new Assembler();
    Exponential exponential = new Exponential(asm, bits, 4);
    asm.enter();
    if (kind != Kind.ADD) {
      exponential.prepare();
      asm.op(Vop.VMOVUPS, bits, ONE, splat(asm, 1));
    }
    asm.load(RSI, Mem.at(RDI, FIRST_AT));
    asm.load(RDX, Mem.at(RDI, SECOND_AT));
    asm.load(R8, Mem.at(RDI, OUT));
    asm.load(RCX, Mem.at(RDI, ROUNDS));
    Label round = new Label();
    asm.bind(round);
    for (int at = 0; at < 4 * STEP; at += bits / 8) {
      asm.op(Vop.VMOVUPS, bits, FIRST, Mem.at(RSI, at));
      switch (kind) {
        case ADD -> asm.op(Vop.VADDPS, bits, E, FIRST, Mem.at(RDX, at));
        case SILU -> {
          asm.op(Vop.VMULPS, bits, X, FIRST, splat(asm, -1));
          gated(asm, bits, exponential, at);
        }
        case GELU_TANH -> {
          asm.op(Vop.VMULPS, bits, X, FIRST, FIRST);
          asm.op(Vop.VMULPS, bits, X, X, splat(asm, CUBIC));
          asm.op(Vop.VADDPS, bits, X, X, ONE);
          asm.op(Vop.VMULPS, bits, X, X, FIRST);
          asm.op(Vop.VMULPS, bits, X, X, splat(asm, LINEAR));
          gated(asm, bits, exponential, at);
        }
      }
      asm.op(Vop.VMOVUPS_STORE, bits, E, Mem.at(R8, at));
    }
    asm.addImm(RSI, 4 * STEP);
    asm.addImm(RDX, 4 * STEP);
    asm.addImm(R8, 4 * STEP);
    asm.addImm(RCX, -1);
    asm.jnz(round);
    asm.leave();
    return asm.finish();
  }

  /** {@code e = gate / (1 + e^x) * up}. */
  private static void gated(Assembler asm, int bits, Exponential exponential, int at) {
    exponential.of(E, X);
    asm.op(Vop.VADDPS, bits, E, E, ONE);
    asm.op(Vop.VDIVPS, bits, E, FIRST, E);
    asm.op(Vop.VMULPS, bits, E, E, Mem.at(RDX, at));
  }

  /** Computes {@code n} values, rounded up to whole {@link #STEP}s, at least one. */
  public void run(long first, long second, long out, int n, long scratch) {
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + FIRST_AT, first);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + SECOND_AT, second);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + OUT, out);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + ROUNDS, (n + STEP - 1) / STEP);
    NativeCode.call(function, scratch);
  }
}
