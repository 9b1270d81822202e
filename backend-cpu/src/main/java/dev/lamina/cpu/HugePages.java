package dev.lamina.cpu;

import dev.lamina.cpu.code.Posix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Anonymous mappings with the advice to use huge pages, by Linux's {@code mmap} and {@code
 * madvise}. Where the system is another one, or the call is refused, there is none, and the caller
 * takes ordinary memory.
 */
final class HugePages {
  private static final long PAGE = 2L << 20;

  private HugePages() {}

  /** Zeroed memory that is unmapped when {@code arena} closes, or null where there is none so. */
  @SuppressWarnings("restricted")
  static MemorySegment map(long bytes, Arena arena) {
    if (!Posix.present()) {
      return null;
    }
    // one page more, so that the beginning can be moved to a page's
    long size = (bytes + PAGE - 1) / PAGE * PAGE + PAGE;
    long base = Posix.map(size);
    if (base == 0) {
      return null;
    }
    long start = (base + PAGE - 1) / PAGE * PAGE;
    long whole = bytes / PAGE * PAGE;
    Posix.advise(start, whole, Posix.HUGE_PAGES); // where it is refused, small pages do
    // a last page that is hardly used would take as much memory as a full one
    Posix.advise(start + whole, size - PAGE - whole, Posix.SMALL_PAGES);
    return MemorySegment.ofAddress(start)
        .reinterpret(bytes, arena, segment -> Posix.unmap(base, size));
  }
}
