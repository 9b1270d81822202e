package dev.lamina.cuda;

import dev.lamina.cuda.driver.GpuContext;

/** A piece of a card's memory, freed at most once. */
final class CardMemory implements AutoCloseable {
  private final GpuContext context;
  private final long address;
  private final long bytes;
  private boolean closed;

  CardMemory(GpuContext context, long bytes) {
    this.context = context;
    this.bytes = bytes;
    address = context.allocate(Math.max(1, bytes));
  }

  long address() {
    if (closed) {
      throw new IllegalStateException("the memory is freed");
    }
    return address;
  }

  long bytes() {
    return bytes;
  }

  boolean isOpen() {
    return !closed;
  }

  /** For memory that has gone with its context. */
  void forget() {
    closed = true;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      context.free(address);
    }
  }
}
