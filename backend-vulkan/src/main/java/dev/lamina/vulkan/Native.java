package dev.lamina.vulkan;

import java.lang.foreign.MemorySegment;

/** Memory that Vulkan gives by its address. */
final class Native {
  private Native() {}

  @SuppressWarnings("restricted")
  static MemorySegment segment(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }
}
