package dev.lamina.cpu.code;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Has AArch64 processors see code that was written as data: there, unlike on x86-64, the
 * instruction cache does not follow the data cache. The way is the architecture's (Arm Architecture
 * Reference Manual, B2.7.4): data cache lines are cleaned, then instruction cache lines discarded,
 * each to the point where both meet. Linux lets programs do that, and it takes a function which
 * itself must be visible first: for that one the kernel cares, who does the same for memory that
 * becomes executable for the first time ({@code __sync_icache_dcache} from {@code set_pte_at}, in
 * {@code arch/arm64}). That alone would do if the kernel did not take note of it by whole folios,
 * of which two pieces of code can share one while the second is still being written.
 */
final class InstructionCache {
  /** Bytes of the smallest line that a processor may have. */
  private static final int LINE = 16;

  private static final long FUNCTION = CodeMemory.write(code());

  private InstructionCache() {}

  /** Has what was written to executable memory be executed; returns whether it will be. */
  static boolean follow(long address, long bytes) {
    if (FUNCTION == 0) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment arguments = arena.allocate(16, 8);
      arguments.set(ValueLayout.JAVA_LONG, 0, address);
      arguments.set(ValueLayout.JAVA_LONG, 8, (bytes + LINE - 1) / LINE);
      NativeCode.call(FUNCTION, arguments.address());
    }
    return true;
  }

  private static byte[] code() {
    ArmAssembler asm = new ArmAssembler();
    for (boolean data : new boolean[] {true, false}) {
      asm.load(ArmAssembler.Size.X, 1, 0, 0);
      asm.load(ArmAssembler.Size.X, 2, 0, 8);
      Label line = new Label();
      asm.bind(line);
      if (data) {
        asm.cleanData(1);
      } else {
        asm.discardInstructions(1);
      }
      asm.addImm(1, 1, LINE);
      asm.loop(2, line);
      asm.dataBarrier();
    }
    asm.instructionBarrier();
    asm.ret();
    return asm.finish();
  }
}
