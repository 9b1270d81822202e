package dev.lamina.cpu.code;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The calls of Linux that give memory: {@code mmap} and its kin. */
public final class Posix {
  /** {@code PROT_NONE}: any access is a fault. */
  public static final int NONE = 0;

  /** {@code PROT_READ | PROT_WRITE}. */
  public static final int READ_WRITE = 3;

  /** {@code PROT_READ | PROT_EXEC}. */
  public static final int READ_EXECUTE = 5;

  /** {@code MADV_HUGEPAGE}. */
  public static final int HUGE_PAGES = 14;

  /** {@code MADV_NOHUGEPAGE}. */
  public static final int SMALL_PAGES = 15;

  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;

  private static final boolean LINUX = System.getProperty("os.name").equals("Linux");

  private static final MethodHandle MMAP =
      find(
          "mmap",
          FunctionDescriptor.of(
              ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MPROTECT =
      find("mprotect", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  private static final MethodHandle MADVISE =
      find("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  private static final MethodHandle MUNMAP =
      find("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));

  private Posix() {}

  /** Whether this system has all of these calls, by the numbers that are used here. */
  public static boolean present() {
    return MMAP != null && MPROTECT != null && MADVISE != null && MUNMAP != null;
  }

  @SuppressWarnings("restricted")
  private static MethodHandle find(String name, FunctionDescriptor type) {
    if (!LINUX) {
      return null;
    }
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find(name)
        .map(symbol -> linker.downcallHandle(symbol, type))
        .orElse(null);
  }

  /** The address of fresh zeroed memory that can be read and written, or 0 where it is refused. */
  public static long map(long bytes) {
    try {
      MemorySegment at =
          (MemorySegment)
              MMAP.invokeExact(
                  MemorySegment.NULL, bytes, READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
      return at.address() == -1 ? 0 : at.address();
    } catch (Throwable e) {
      throw new IllegalStateException("mmap cannot be called", e);
    }
  }

  /**
   * Changes what may be done with whole pages; returns whether it was allowed.
   *
   * @param protection {@link #NONE}, {@link #READ_WRITE} or {@link #READ_EXECUTE}
   */
  public static boolean protect(long address, long bytes, int protection) {
    try {
      return (int) MPROTECT.invokeExact(MemorySegment.ofAddress(address), bytes, protection) == 0;
    } catch (Throwable e) {
      throw new IllegalStateException("mprotect cannot be called", e);
    }
  }

  /** Advises the system on whole pages; returns whether it listened. */
  public static boolean advise(long address, long bytes, int advice) {
    try {
      return (int) MADVISE.invokeExact(MemorySegment.ofAddress(address), bytes, advice) == 0;
    } catch (Throwable e) {
      throw new IllegalStateException("madvise cannot be called", e);
    }
  }

  /** Gives memory back. */
  public static void unmap(long address, long bytes) {
    try {
      int _ = (int) MUNMAP.invokeExact(MemorySegment.ofAddress(address), bytes);
    } catch (Throwable e) {
      throw new IllegalStateException("munmap cannot be called", e);
    }
  }
}
