package dev.lamina.backend.reference;

import dev.lamina.backend.Buffer;
import dev.lamina.backend.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory of the host. Every access runs before it returns. */
final class HostBuffer implements Buffer {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;

  HostBuffer(long bytes) {
    try {
      memory = arena.allocate(bytes, 64);
    } catch (OutOfMemoryError e) {
      arena.close();
      throw new DeviceException(
          DeviceException.Kind.OUT_OF_MEMORY, "the host has no memory for " + bytes + " bytes", e);
    }
  }

  /** The memory itself. */
  MemorySegment memory() {
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException("the buffer is closed");
    }
    return memory;
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
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
