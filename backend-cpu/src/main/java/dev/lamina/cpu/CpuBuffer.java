package dev.lamina.cpu;

import dev.lamina.backend.Buffer;
import java.lang.foreign.MemorySegment;

/** Host memory. Every access is done when it returns, as every step is. */
final class CpuBuffer implements Buffer {
  private final NativeMemory owner;
  private final MemorySegment memory;
  private final boolean view;

  /** A buffer of its own. */
  CpuBuffer(long bytes) {
    owner = NativeMemory.allocate(bytes);
    memory = owner.segment();
    view = false;
  }

  /** A part of a program's memory, which lives as long as the program: closing it does nothing. */
  CpuBuffer(NativeMemory owner, long offset, long bytes) {
    this.owner = owner;
    this.memory = owner.segment().asSlice(offset, bytes);
    this.view = true;
  }

  @Override
  public long bytes() {
    return memory.byteSize();
  }

  @Override
  public void write(long offset, MemorySegment source) {
    checkOpen();
    MemorySegment.copy(source, 0, memory, offset, source.byteSize());
  }

  @Override
  public void read(long offset, MemorySegment target) {
    checkOpen();
    MemorySegment.copy(memory, offset, target, 0, target.byteSize());
  }

  @Override
  public void copyTo(Buffer other, long bytes) {
    checkOpen();
    other.write(0, memory.asSlice(0, bytes));
  }

  private void checkOpen() {
    if (!owner.isOpen()) {
      throw new IllegalStateException("the buffer is closed");
    }
  }

  @Override
  public void close() {
    if (!view) {
      owner.close();
    }
  }
}
