package dev.lamina.backend.testing;

import dev.lamina.backend.Buffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A buffer of a made-up device. */
final class FakeBuffer implements Buffer {
  private final FakeGpu owner;
  private final Buffer memory;
  private final long reserved;
  private boolean closed;

  /** {@code reserved}: the bytes to give back; 0 where a program owns them. */
  FakeBuffer(FakeGpu owner, Buffer memory, long reserved) {
    this.owner = owner;
    this.memory = memory;
    this.reserved = reserved;
  }

  @Override
  public long bytes() {
    return memory.bytes();
  }

  @Override
  public void write(long offset, MemorySegment source) {
    check(offset, source.byteSize());
    owner.add(FakeGpu.Count.BYTES_IN, source.byteSize());
    MemorySegment copy = Arena.ofAuto().allocate(source.byteSize(), 1).copyFrom(source);
    owner.enqueue(() -> memory.write(offset, copy));
  }

  @Override
  public void read(long offset, MemorySegment target) {
    check(offset, target.byteSize());
    owner.synchronise();
    owner.add(FakeGpu.Count.BYTES_OUT, target.byteSize());
    memory.read(offset, target);
  }

  @Override
  public void copyTo(Buffer other, long bytes) {
    check(0, bytes);
    if (other instanceof FakeBuffer buffer && buffer.owner == owner) {
      buffer.check(0, bytes);
      owner.enqueue(() -> memory.copyTo(buffer.memory, bytes));
    } else {
      Buffer.super.copyTo(other, bytes);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      owner.release(reserved);
      owner.enqueueIfOpen(memory::close);
    }
  }

  private void check(long offset, long bytes) {
    if (closed) {
      throw new IllegalStateException("the buffer is closed");
    }
    if (offset < 0 || bytes < 0 || offset + bytes > bytes()) {
      throw new IndexOutOfBoundsException(
          bytes + " bytes at " + offset + " of a buffer of " + bytes());
    }
  }
}
