package dev.lamina.cpu.kernel;

/**
 * Memory that one kernel writes and others read. Its address is given when all lifetimes are known;
 * kernels read it when they run.
 */
public final class Place {
  private final long bytes;
  private final boolean pinned;
  private long address;

  /**
   * @param pinned whether it is read or written from outside, and so shares its memory with nothing
   */
  public Place(long bytes, boolean pinned) {
    this.bytes = bytes;
    this.pinned = pinned;
  }

  public long bytes() {
    return bytes;
  }

  public boolean pinned() {
    return pinned;
  }

  public long address() {
    return address;
  }

  public void put(long where) {
    address = where;
  }
}
