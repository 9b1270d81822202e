package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.NativeCode;
import dev.lamina.cpu.code.Posix;
import java.lang.foreign.MemorySegment;

/** Memory that ends where a page begins that no one may touch. */
final class Guarded implements AutoCloseable {
  private static final long PAGE = 4096;

  private final long base;
  private final long size;
  private final long address;
  private final long bytes;

  Guarded(long bytes) {
    this.bytes = bytes;
    long used = (bytes + PAGE - 1) / PAGE * PAGE;
    size = used + PAGE;
    base = Posix.map(size);
    if (base == 0 || !Posix.protect(base + used, PAGE, Posix.NONE)) {
      throw new IllegalStateException("no guarded memory");
    }
    address = base + used - bytes;
  }

  long address() {
    return address;
  }

  MemorySegment segment() {
    return NativeCode.ALL.asSlice(address, bytes);
  }

  @Override
  public void close() {
    Posix.unmap(base, size);
  }
}
