package dev.lamina.backend.reference;

import dev.lamina.backend.Buffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory of the host. Every access runs before it returns. */
final class HostBuffer implements Buffer, Resource {
  private final Arena arena;
  private final boolean owned;
  private final MemorySegment memory;

  private HostBuffer(Arena arena, boolean owned, long bytes) {
    this.arena = arena;
    this.owned = owned;
    memory = arena.allocate(bytes, 64);
  }

  /** A buffer with memory of its own. */
  static HostBuffer alone(Arena arena, long bytes) {
    return new HostBuffer(arena, true, bytes);
  }

  /** A buffer that lives as long as its program does. */
  static HostBuffer within(Arena program, long bytes) {
    return new HostBuffer(program, false, bytes);
  }

  /** The memory itself. */
  MemorySegment memory() {
    if (!isOpen()) {
      throw new IllegalStateException("the buffer is closed");
    }
    return memory;
  }

  @Override
  public boolean isOpen() {
    return arena.scope().isAlive();
  }

  @Override
  public long bytes() {
    return memory.byteSize();
  }

  @Override
  public void write(long offset, MemorySegment source) {
    MemorySegment.copy(source, 0, memory(), offset, source.byteSize());
  }

  @Override
  public void read(long offset, MemorySegment target) {
    MemorySegment.copy(memory(), offset, target, 0, target.byteSize());
  }

  @Override
  public void copyTo(Buffer other, long bytes) {
    other.write(0, memory().asSlice(0, bytes));
  }

  @Override
  public void close() {
    if (owned && isOpen()) {
      arena.close();
    }
  }
}
