package dev.lamina.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Device memory at a fixed address. */
public interface Buffer extends AutoCloseable {
  long bytes();

  /**
   * Enqueues a copy of {@code source} into this buffer from {@code offset} on; {@code source} may
   * be reused on return.
   */
  void write(long offset, MemorySegment source);

  /**
   * Waits for what was enqueued before, then copies from {@code offset} on until {@code target} is
   * full.
   */
  void read(long offset, MemorySegment target);

  /**
   * Enqueues a copy of the first {@code bytes} bytes into another buffer, of any device. Goes
   * through the host unless the devices know better.
   */
  default void copyTo(Buffer other, long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(bytes, 64);
      read(0, host);
      other.write(0, host);
    }
  }

  @Override
  void close();
}
