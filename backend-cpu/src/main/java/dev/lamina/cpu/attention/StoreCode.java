package dev.lamina.cpu.attention;

import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RDX;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.CodeCache;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.NativeCode;
import dev.lamina.cpu.code.Vop;
import java.lang.foreign.ValueLayout;

/**
 * Rounds floats to float16, to the nearest and to even, and stores each at a distance from the one
 * before: a key's dimensions in a page, or side by side a value's. Needs AVX2 and F16C.
 */
public final class StoreCode {
  /** Bytes of scratch memory that a call needs. */
  public static final int CALL_SCRATCH = 32;

  /** Values of a round. */
  public static final int STEP = 8;

  // the arguments, by their offsets
  private static final int SOURCE = 0;
  private static final int TARGET = 8;
  private static final int ROUNDS = 16;
  private static final int DISTANCE = 24;

  private record Key(boolean apart) {}

  private final long apart = CodeCache.function(new Key(true), () -> assemble(true));
  private final long together = CodeCache.function(new Key(false), () -> assemble(false));

  private static byte[] assemble(boolean apart) {
    Assembler asm = new Assembler();
    asm.enter();
    asm.load(RSI, Mem.at(RDI, SOURCE));
    asm.load(RDX, Mem.at(RDI, TARGET));
    asm.load(RCX, Mem.at(RDI, ROUNDS));
    asm.load(R8, Mem.at(RDI, DISTANCE));
    Label round = new Label();
    asm.bind(round);
    asm.op(Vop.VMOVUPS, 256, 0, Mem.at(RSI, 0));
    if (apart) {
      asm.opImm(Vop.VCVTPS2PH, 256, 0, 0, 0);
      for (int i = 0; i < STEP; i++) {
        asm.opImm(Vop.VPEXTRW, 128, 0, Mem.at(RDX, 0), i);
        asm.add(RDX, R8);
      }
    } else {
      asm.opImm(Vop.VCVTPS2PH, 256, 0, Mem.at(RDX, 0), 0);
      asm.addImm(RDX, 2 * STEP);
    }
    asm.addImm(RSI, 4 * STEP);
    asm.addImm(RCX, -1);
    asm.jnz(round);
    asm.leave();
    return asm.finish();
  }

  /**
   * Stores {@code n} values, a multiple of {@link #STEP}.
   *
   * @param distance bytes from one to the next; 2 where they lie side by side
   */
  public void store(long source, int n, long target, long distance, long scratch) {
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + SOURCE, source);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + TARGET, target);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + ROUNDS, n / STEP);
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, scratch + DISTANCE, distance);
    NativeCode.call(distance == 2 ? together : apart, scratch);
  }
}
