package dev.lamina.cpu;

import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import java.lang.foreign.MemorySegment;

/**
 * A weight on the CPU: the file's mapping itself, or a copy where the data is not off the heap or a
 * kernel wants another layout.
 */
final class CpuWeight implements Weight {
  private final TensorSpec spec;

  /** Keeps the memory reachable while its address is in use. */
  private final MemorySegment data;

  private final NativeMemory own;
  private boolean closed;

  private CpuWeight(TensorSpec spec, MemorySegment data, NativeMemory own) {
    this.spec = spec;
    this.data = data;
    this.own = own;
  }

  static CpuWeight of(TensorSpec spec, MemorySegment data) {
    if (data.byteSize() < spec.bytes()) {
      throw new IllegalArgumentException(
          spec.name() + ": " + data.byteSize() + " bytes where " + spec.bytes() + " are needed");
    }
    if (data.isNative()) {
      return new CpuWeight(spec, data, null);
    }
    NativeMemory own = NativeMemory.allocate(spec.bytes());
    MemorySegment.copy(data, 0, own.segment(), 0, spec.bytes());
    return new CpuWeight(spec, own.segment(), own);
  }

  @Override
  public TensorSpec spec() {
    return spec;
  }

  long address() {
    if (closed) {
      throw new IllegalStateException(spec.name() + " is closed");
    }
    return data.address();
  }

  MemorySegment segment() {
    return data;
  }

  @Override
  public long bytes() {
    return own == null ? 0 : own.segment().byteSize();
  }

  @Override
  public void close() {
    closed = true;
    if (own != null) {
      own.close();
    }
  }
}
