package dev.lamina.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Anonymous mappings with the advice to use huge pages, by Linux's {@code mmap} and {@code
 * madvise}. Where the system is another one, or the call is refused, there is none, and the caller
 * takes ordinary memory.
 */
final class HugePages {
  private static final long PAGE = 2L << 20;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
  private static final int MADV_HUGEPAGE = 14;

  private static final MethodHandle MMAP;
  private static final MethodHandle MADVISE;
  private static final MethodHandle MUNMAP;

  static {
    boolean linux = System.getProperty("os.name").equals("Linux");
    MMAP =
        linux
            ? find(
                "mmap",
                FunctionDescriptor.of(
                    ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG))
            : null;
    MADVISE =
        linux
            ? find("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT))
            : null;
    MUNMAP = linux ? find("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG)) : null;
  }

  private HugePages() {}

  @SuppressWarnings("restricted")
  private static MethodHandle find(String name, FunctionDescriptor type) {
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find(name)
        .map(symbol -> linker.downcallHandle(symbol, type))
        .orElse(null);
  }

  /** Zeroed memory that is unmapped when {@code arena} closes, or null where there is none so. */
  @SuppressWarnings("restricted")
  static MemorySegment map(long bytes, Arena arena) {
    if (MMAP == null || MADVISE == null || MUNMAP == null) {
      return null;
    }
    // one page more, so that the beginning can be moved to a page's
    long size = (bytes + PAGE - 1) / PAGE * PAGE + PAGE;
    try {
      MemorySegment at =
          (MemorySegment)
              MMAP.invokeExact(
                  MemorySegment.NULL, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
      long base = at.address();
      if (base == -1) {
        return null;
      }
      long start = (base + PAGE - 1) / PAGE * PAGE;
      int _ = (int) MADVISE.invokeExact(MemorySegment.ofAddress(start), size - PAGE, MADV_HUGEPAGE);
      return MemorySegment.ofAddress(start).reinterpret(bytes, arena, segment -> unmap(base, size));
    } catch (Throwable e) {
      throw new IllegalStateException("mmap cannot be called", e);
    }
  }

  private static void unmap(long base, long size) {
    try {
      int _ = (int) MUNMAP.invokeExact(MemorySegment.ofAddress(base), size);
    } catch (Throwable e) {
      throw new IllegalStateException("munmap cannot be called", e);
    }
  }
}
