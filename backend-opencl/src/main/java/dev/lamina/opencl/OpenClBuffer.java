package dev.lamina.opencl;

import dev.lamina.backend.Buffer;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jocl.cl_mem;

/** A buffer of its own, or a view of a program's memory. */
final class OpenClBuffer implements Buffer {
  private final OpenClDevice device;
  private final cl_mem memory;
  private final long bytes;
  private final boolean owned;
  private boolean closed;

  OpenClBuffer(OpenClDevice device, cl_mem memory, long bytes, boolean owned) {
    this.device = device;
    this.memory = memory;
    this.bytes = bytes;
    this.owned = owned;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void write(long offset, MemorySegment source) {
    checkOpen();
    Objects.checkFromIndexSize(offset, source.byteSize(), bytes);
    device.staging().write(memory, offset, source);
  }

  @Override
  public void read(long offset, MemorySegment target) {
    checkOpen();
    Objects.checkFromIndexSize(offset, target.byteSize(), bytes);
    device.staging().read(memory, offset, target);
  }

  /** Stays on the device where both are here. */
  @Override
  public void copyTo(Buffer other, long bytes) {
    checkOpen();
    Objects.checkFromIndexSize(0, bytes, this.bytes);
    if (bytes > 0
        && other instanceof OpenClBuffer near
        && near.device == device
        && near.memory != memory) {
      near.checkOpen();
      Objects.checkFromIndexSize(0, bytes, near.bytes);
      device.connection().copy(memory, 0, near.memory, 0, bytes);
    } else {
      Buffer.super.copyTo(other, bytes);
    }
  }

  private void checkOpen() {
    device.checkOpen();
    if (closed) {
      throw new IllegalStateException("the buffer is closed");
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (owned) {
        device.free(memory, bytes);
      }
    }
  }
}
