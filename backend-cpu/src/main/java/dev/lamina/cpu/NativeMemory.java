package dev.lamina.cpu;

import dev.lamina.backend.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Zeroed memory off the heap, aligned to cache lines, with some slack behind it. Large pieces come
 * from the system directly where that is known how ({@link HugePages}): they then take memory only
 * as it is used, in large pages, and do not count against the JVM's limit of direct memory.
 */
final class NativeMemory implements AutoCloseable {
  /**
   * Bytes behind the end that kernels may read or write: they work in whole vectors and tiles where
   * a value's width is no multiple of these.
   */
  static final long SLACK = 256;

  /** From here on the system's own pages are worth it. */
  private static final long LARGE = 4L << 20;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;

  private NativeMemory(long bytes) {
    try {
      MemorySegment mapped = bytes < LARGE ? null : HugePages.map(bytes + SLACK, arena);
      segment =
          mapped != null
              ? mapped.asSlice(0, bytes)
              : arena.allocate(bytes + SLACK, 64).asSlice(0, bytes);
    } catch (OutOfMemoryError e) {
      arena.close();
      throw new DeviceException(
          DeviceException.Kind.OUT_OF_MEMORY,
          "the host has no memory for another " + bytes + " bytes",
          e);
    }
  }

  static NativeMemory allocate(long bytes) {
    return new NativeMemory(bytes);
  }

  MemorySegment segment() {
    return segment;
  }

  long address() {
    return segment.address();
  }

  boolean isOpen() {
    return arena.scope().isAlive();
  }

  @Override
  public void close() {
    if (isOpen()) {
      arena.close();
    }
  }
}
