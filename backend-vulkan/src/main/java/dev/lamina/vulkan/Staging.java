package dev.lamina.vulkan;

import static org.lwjgl.vulkan.VK10.vkCmdCopyBuffer;

import java.lang.foreign.MemorySegment;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkBufferCopy;

/**
 * Memory through which the host's data goes to the device: while the device copies one part, the
 * host fills the next.
 */
final class Staging {
  /** Bytes of a part. */
  static final int PART = 8 << 20;

  private static final int PARTS = 3;
  private static final int ALIGNMENT = 64;

  private final CommandQueue queue;
  private final MemoryPool pool;
  private final Counters counters;
  private final Memory[] parts = new Memory[PARTS];

  /** When each part was last read. */
  private final long[] reads = new long[PARTS];

  private Memory readback;
  private int part;
  private long at;

  Staging(CommandQueue queue, MemoryPool pool, Counters counters) {
    this.queue = queue;
    this.pool = pool;
    this.counters = counters;
  }

  /** Filled memory: to be read by what is recorded next. */
  record Slice(Memory memory, long offset) {
    long address() {
      return memory.address() + offset;
    }
  }

  /** Copies at most {@link #PART} bytes to where the device reads them. */
  Slice put(MemorySegment source) {
    long bytes = source.byteSize();
    if (parts[part] == null || at + bytes > PART) {
      next();
    }
    MemorySegment.copy(source, 0, parts[part].mapped(), at, bytes);
    counters.bytesIn += bytes;
    Slice slice = new Slice(parts[part], at);
    at = (at + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    queue.once();
    reads[part] = queue.nextValue();
    return slice;
  }

  private void next() {
    if (parts[part] != null) {
      queue.flush();
      part = (part + 1) % PARTS;
    }
    if (parts[part] == null) {
      parts[part] = pool.allocate(PART, MemoryPool.Place.UPLOAD);
    } else {
      queue.await(reads[part]);
    }
    at = 0;
  }

  /** Enqueues a copy of the host's data. */
  void write(MemorySegment source, Memory target, long offset) {
    for (long done = 0; done < source.byteSize(); done += PART) {
      long bytes = Math.min(PART, source.byteSize() - done);
      Slice slice = put(source.asSlice(done, bytes));
      copy(slice.memory, slice.offset, target, offset + done, bytes);
    }
  }

  /** Enqueues a copy between buffers of the device. */
  void copy(Memory source, long from, Memory target, long to, long bytes) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      vkCmdCopyBuffer(
          queue.once(),
          source.handle(),
          target.handle(),
          VkBufferCopy.calloc(1, stack).srcOffset(from).dstOffset(to).size(bytes));
    }
  }

  /** Waits for what was enqueued, and copies to the host. */
  void read(Memory source, long offset, MemorySegment target) {
    if (readback == null) {
      readback = pool.allocate(PART, MemoryPool.Place.READBACK);
    }
    for (long done = 0; done < target.byteSize(); done += PART) {
      long bytes = Math.min(PART, target.byteSize() - done);
      CommandQueue.barrier(queue.once());
      copy(source, offset + done, readback, 0, bytes);
      queue.await(queue.flush());
      MemorySegment.copy(readback.mapped(), 0, target, done, bytes);
      counters.bytesOut += bytes;
    }
  }

  void close() {
    for (Memory one : parts) {
      if (one != null) {
        one.free();
      }
    }
    if (readback != null) {
      readback.free();
    }
  }
}
