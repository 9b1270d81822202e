package dev.lamina.cpu.pointwise;

import static dev.lamina.cpu.code.Assembler.R10;
import static dev.lamina.cpu.code.Assembler.R11;
import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RDX;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.backend.RopeSpec;
import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.CodeCache;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.NativeCode;
import dev.lamina.cpu.code.Vop;
import java.lang.foreign.ValueLayout;

/**
 * Turns the heads of a token by the cosines and sines of {@link
 * dev.lamina.cpu.kernel.RopeTableKernel}, for heads that are turned whole. Needs AVX2.
 */
public final class RopeCode {
  /** Bytes of scratch memory that a call needs. */
  public static final int CALL_SCRATCH = 64;

  /** Values of a round. */
  private static final int STEP = 8;

  // the arguments, by their offsets
  private static final int SOURCE = 0;
  private static final int TARGET = 8;
  private static final int ANGLES = 16;
  private static final int HEADS = 24;

  private static final int BITS = 256;

  private record Key(RopeSpec.Pairing pairing, int dims) {}

  private final long function;

  private RopeCode(RopeSpec rope) {
    function =
        CodeCache.function(
            new Key(rope.pairing(), rope.dims()),
            () ->
                switch (rope.pairing()) {
                  case HALVES -> halves(rope.dims());
                  case ADJACENT -> adjacent(rope.dims());
                });
  }

  /** The function for such heads; null where there is none. */
  public static RopeCode of(RopeSpec rope) {
    return rope.dims() == rope.headDim() && rope.dims() % (2 * STEP) == 0
        ? new RopeCode(rope)
        : null;
  }

  private static Label begin(Assembler asm, int rounds, Label head) {
    asm.enter();
    asm.load(RSI, Mem.at(RDI, SOURCE));
    asm.load(RDX, Mem.at(RDI, TARGET));
    asm.load(RCX, Mem.at(RDI, HEADS));
    asm.bind(head);
    asm.load(R10, Mem.at(RDI, ANGLES));
    asm.mov32(R11, rounds);
    Label round = new Label();
    asm.bind(round);
    return round;
  }

  private static byte[] end(Assembler asm, Label round, Label head, int rest) {
    asm.addImm(RSI, 4 * STEP);
    asm.addImm(RDX, 4 * STEP);
    asm.addImm(R10, 4 * STEP);
    asm.addImm(R11, -1);
    asm.jnz(round);
    if (rest > 0) {
      asm.addImm(RSI, rest);
      asm.addImm(RDX, rest);
    }
    asm.addImm(RCX, -1);
    asm.jnz(head);
    asm.leave();
    return asm.finish();
  }

  private static byte[] halves(int dims) {
    int half = 2 * dims;
    Assembler asm = new Assembler();
    Label head = new Label();
    Label round = begin(asm, dims / 2 / STEP, head);
    asm.op(Vop.VMOVUPS, BITS, 0, Mem.at(RSI, 0));
    asm.op(Vop.VMOVUPS, BITS, 1, Mem.at(RSI, half));
    asm.op(Vop.VMOVUPS, BITS, 2, Mem.at(R10, 0));
    asm.op(Vop.VMOVUPS, BITS, 3, Mem.at(R10, half));
    asm.op(Vop.VMULPS, BITS, 4, 0, 2);
    asm.op(Vop.VFNMADD231PS, BITS, 4, 1, 3);
    asm.op(Vop.VMULPS, BITS, 5, 0, 3);
    asm.op(Vop.VFMADD231PS, BITS, 5, 1, 2);
    asm.op(Vop.VMOVUPS_STORE, BITS, 4, Mem.at(RDX, 0));
    asm.op(Vop.VMOVUPS_STORE, BITS, 5, Mem.at(RDX, half));
    return end(asm, round, head, half);
  }

  private static byte[] adjacent(int dims) {
    Assembler asm = new Assembler();
    Label head = new Label();
    Label round = begin(asm, dims / STEP, head);
    asm.op(Vop.VMOVUPS, BITS, 0, Mem.at(RSI, 0));
    asm.opImm(Vop.VPSHUFD, BITS, 1, 0, 0b10110001);
    asm.op(Vop.VMULPS, BITS, 0, 0, Mem.at(R10, 0));
    asm.op(Vop.VMULPS, BITS, 1, 1, Mem.at(R10, 4 * dims));
    asm.op(Vop.VADDPS, BITS, 0, 0, 1);
    asm.op(Vop.VMOVUPS_STORE, BITS, 0, Mem.at(RDX, 0));
    return end(asm, round, head, 0);
  }

  /**
   * Turns the heads of one token.
   *
   * @param angles address of the token's cosines and sines
   */
  public void run(long x, long angles, long y, int heads, long scratch) {
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + SOURCE, x);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + TARGET, y);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + ANGLES, angles);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + HEADS, heads);
    NativeCode.call(function, scratch);
  }
}
