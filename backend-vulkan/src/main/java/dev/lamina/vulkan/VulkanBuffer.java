package dev.lamina.vulkan;

import dev.lamina.backend.Buffer;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Device memory. A program's output has a mirror on the host, into which each step copies what it
 * made, so that reading it takes no submission of its own.
 */
final class VulkanBuffer implements Buffer, Resource {
  private final VulkanDevice device;
  private final long bytes;
  private final Memory memory;
  private final Memory mirror;
  private final boolean owned;
  private long mirrored;
  private long mirroredAt;
  private boolean closed;

  /**
   * @param mirror memory of the host, or null
   * @param owned whether closing this buffer frees its memory
   */
  VulkanBuffer(VulkanDevice device, long bytes, Memory memory, Memory mirror, boolean owned) {
    this.device = device;
    this.bytes = bytes;
    this.memory = memory;
    this.mirror = mirror;
    this.owned = owned;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  Memory memory() {
    return memory;
  }

  Memory mirror() {
    return mirror;
  }

  /** The step submitted as {@code value} writes this buffer, and so many bytes to the mirror. */
  void written(long mirroredBytes, long value) {
    mirrored = mirroredBytes;
    mirroredAt = value;
  }

  @Override
  public void write(long offset, MemorySegment source) {
    check(offset, source.byteSize());
    if (source.byteSize() > 0) {
      mirrored = 0;
      CommandQueue.barrier(device.queue().once());
      device.staging().write(source, memory, offset);
    }
  }

  @Override
  public void read(long offset, MemorySegment target) {
    check(offset, target.byteSize());
    if (target.byteSize() == 0) {
      return;
    }
    if (offset + target.byteSize() <= mirrored) {
      device.queue().await(mirroredAt);
      MemorySegment.copy(mirror.mapped(), offset, target, 0, target.byteSize());
      device.counters().bytesOut += target.byteSize();
    } else {
      device.staging().read(memory, offset, target);
    }
  }

  @Override
  public void copyTo(Buffer other, long count) {
    check(0, count);
    if (other instanceof VulkanBuffer there && there.device == device) {
      there.check(0, count);
      if (count > 0 && there != this) {
        there.mirrored = 0;
        CommandQueue.barrier(device.queue().once());
        device.staging().copy(memory, 0, there.memory, 0, count);
      }
    } else {
      Buffer.super.copyTo(other, count);
    }
  }

  private void check(long offset, long count) {
    if (closed) {
      throw new IllegalStateException("the buffer is closed");
    }
    device.check();
    Objects.checkFromIndexSize(offset, count, bytes);
  }

  @Override
  public void close() {
    if (!closed) {
      if (owned) {
        device.release(this);
      }
      destroy();
    }
  }

  @Override
  public void destroy() {
    if (!closed) {
      closed = true;
      if (owned) {
        memory.free();
      }
    }
  }
}
