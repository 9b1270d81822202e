package dev.lamina.vulkan;

import java.lang.foreign.MemorySegment;

/**
 * A buffer of Vulkan with its memory.
 *
 * @param pool where it is from
 * @param handle the VkBuffer
 * @param block the allocation that it lies in
 * @param offset where in the block
 * @param bytes its size
 * @param address its address on the device
 * @param mapped its memory on the host, or null where the host does not see it
 */
record Memory(
    MemoryPool pool,
    long handle,
    MemoryPool.Block block,
    long offset,
    long bytes,
    long address,
    MemorySegment mapped) {
  void free() {
    pool.free(this);
  }
}
