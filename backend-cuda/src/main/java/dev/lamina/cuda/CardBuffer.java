package dev.lamina.cuda;

import dev.lamina.backend.Buffer;
import dev.lamina.cuda.driver.GpuStream;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** Memory of a card as the engine sees it. */
final class CardBuffer implements Buffer {
  private final CardDevice device;
  private final CardMemory memory;
  private final boolean owned;

  /**
   * @param owned whether closing the buffer frees the memory
   */
  CardBuffer(CardDevice device, CardMemory memory, boolean owned) {
    this.device = device;
    this.memory = memory;
    this.owned = owned;
  }

  @Override
  public long bytes() {
    return memory.bytes();
  }

  @Override
  public void write(long offset, MemorySegment source) {
    check(offset, source.byteSize());
    device.staging().write(memory.address() + offset, source);
  }

  @Override
  public void read(long offset, MemorySegment target) {
    check(offset, target.byteSize());
    device.staging().read(target, memory.address() + offset);
  }

  @Override
  public void copyTo(Buffer other, long bytes) {
    check(0, bytes);
    if (!(other instanceof CardBuffer to) || !device.reaches(to.device)) {
      Buffer.super.copyTo(other, bytes);
      return;
    }
    to.check(0, bytes);
    GpuStream stream = device.stream();
    if (device == to.device) {
      stream.copy(to.memory.address(), memory.address(), bytes);
      return;
    }
    // Only once the other card has read what it got last; and it waits for this in its turn.
    to.device.stream().record(to.device.mark());
    stream.await(to.device.mark());
    stream.copyToPeer(to.device.context(), to.memory.address(), memory.address(), bytes);
    stream.record(device.mark());
    to.device.stream().await(device.mark());
  }

  private void check(long offset, long bytes) {
    device.checkOpen();
    if (!memory.isOpen()) {
      throw new IllegalStateException("the buffer is closed");
    }
    Objects.checkFromIndexSize(offset, bytes, memory.bytes());
  }

  @Override
  public void close() {
    if (owned) {
      device.free(memory);
    }
  }
}
