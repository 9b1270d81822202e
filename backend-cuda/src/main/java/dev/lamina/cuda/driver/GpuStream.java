package dev.lamina.cuda.driver;

import java.lang.foreign.MemorySegment;

/** A queue of work in order. Everything but {@link #synchronise} returns at once. */
public interface GpuStream extends AutoCloseable {
  /**
   * Copies to the card. Page-locked {@code source} memory must stay as it is until the copy has
   * run; any other native memory has been read on return.
   */
  void copyIn(long to, MemorySegment source);

  /** Copies from the card; {@code target} is page-locked, or the call waits. */
  void copyOut(MemorySegment target, long from);

  /** Copies on the card. */
  void copy(long to, long from, long bytes);

  /** Copies to the memory of another card. */
  void copyToPeer(GpuContext peer, long to, long from, long bytes);

  /** Sets bytes. */
  void fill(long to, byte value, long bytes);

  /**
   * Launches a kernel.
   *
   * @param arguments one for each parameter, in the low bytes: addresses, integers, or a float's
   *     bits
   * @param sharedBytes shared memory that the kernel sizes at its launch
   */
  void launch(GpuKernel kernel, Grid grid, int sharedBytes, long[] arguments);

  void launch(GpuGraph graph);

  /** From now on, what is enqueued is recorded and not run. */
  void beginCapture();

  /** Ends a recording; what was recorded can be launched as often as one likes. */
  GpuGraph endCapture();

  /** Sets the mark once everything before it has run. */
  void record(GpuEvent event);

  /** Runs what comes after only once the mark has been set. */
  void await(GpuEvent event);

  /** Waits for everything enqueued. */
  void synchronise();

  @Override
  void close();
}
