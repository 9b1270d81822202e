package dev.lamina.cpu;

import dev.lamina.backend.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Zeroed memory off the heap, aligned to cache lines, with some slack behind it. */
final class NativeMemory implements AutoCloseable {
  /**
   * Bytes behind the end that kernels may read or write: they work in whole vectors and tiles where
   * a value's width is no multiple of these.
   */
  static final long SLACK = 256;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;

  private NativeMemory(long bytes) {
    try {
      segment = arena.allocate(bytes + SLACK, 64).asSlice(0, bytes);
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
