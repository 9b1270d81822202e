package dev.lamina.backend.testing;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A piece of a made-up device's memory, poisoned and gone after it is closed. */
final class FakeMemory implements AutoCloseable {
  private final FakeGpu owner;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;
  private boolean closed;

  FakeMemory(FakeGpu owner, long bytes) {
    this.owner = owner;
    owner.reserve(bytes);
    segment = arena.allocate(bytes, 64);
  }

  FakeGpu owner() {
    return owner;
  }

  MemorySegment segment() {
    return segment;
  }

  /** Frees it once what is enqueued has run. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      owner.release(segment.byteSize());
      owner.enqueueIfOpen(this::free);
    }
  }

  /** Frees it at once; every access fails from here on. */
  synchronized void free() {
    if (arena.scope().isAlive()) {
      segment.fill((byte) 0xff);
      arena.close();
    }
  }
}
