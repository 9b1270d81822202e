package dev.lamina.cuda.driver;

import java.lang.foreign.MemorySegment;

/**
 * A context on one card. Closing it gives back all that was made in it; used by one thread at a
 * time, which need not be the one that opened it.
 */
public interface GpuContext extends AutoCloseable {
  /** Bytes free now. */
  long freeBytes();

  /**
   * Device memory, at least 256-byte aligned.
   *
   * @return its address
   */
  long allocate(long bytes);

  /** Gives device memory back; waits for whatever still uses it. */
  void free(long address);

  /** Page-locked host memory, which copies run from and to without the host waiting. */
  MemorySegment allocatePinned(long bytes);

  /** Gives page-locked memory back. */
  void freePinned(MemorySegment memory);

  /** A queue of its own that waits for no other. */
  GpuStream newStream();

  /** A mark to be set in a stream, without timing. */
  GpuEvent newEvent();

  /** Loads code: PTX for CUDA, a code object for HIP. */
  GpuModule load(byte[] image);

  /**
   * Lets streams of this context copy straight from and to the memory of another card.
   *
   * @return whether the cards allow it
   */
  boolean enablePeer(GpuContext other);

  /** Waits for everything in every stream of the context. */
  void synchronise();

  /** Never throws. */
  @Override
  void close();
}
