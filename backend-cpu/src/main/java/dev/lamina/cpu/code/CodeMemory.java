package dev.lamina.cpu.code;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Memory for machine code: pages are written first and then made executable, never both at once.
 * They are never freed: there is one piece per kernel in a process, some kilobytes each.
 */
public final class CodeMemory {
  private static final long PAGE = 4096;

  private CodeMemory() {}

  /** Why no code can be placed here, or null where it can. */
  public static String reason() {
    if (Architecture.here() == null) {
      return "Lamina assembles no code for " + System.getProperty("os.arch");
    }
    if (!Posix.present()) {
      return "Lamina places no code of its own on " + System.getProperty("os.name");
    }
    return null;
  }

  /**
   * Places code.
   *
   * @return its address, or 0 where the system gives no memory or forbids to execute it
   */
  public static long place(byte[] code) {
    long at = write(code);
    if (at != 0
        && Architecture.here() == Architecture.AARCH64
        && !InstructionCache.follow(at, code.length)) {
      return 0;
    }
    return at;
  }

  /** Places code that only the system has instruction caches follow. */
  static long write(byte[] code) {
    long bytes = (code.length + PAGE - 1) / PAGE * PAGE;
    long at = Posix.map(bytes);
    if (at == 0) {
      return 0;
    }
    MemorySegment.copy(code, 0, NativeCode.ALL, ValueLayout.JAVA_BYTE, at, code.length);
    if (!Posix.protect(at, bytes, Posix.READ_EXECUTE)) {
      Posix.unmap(at, bytes);
      return 0;
    }
    return at;
  }
}
