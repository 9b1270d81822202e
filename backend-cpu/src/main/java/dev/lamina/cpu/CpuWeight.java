package dev.lamina.cpu;

import dev.lamina.backend.DeviceException;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import dev.lamina.cpu.format.InterleavedQ4;
import dev.lamina.gguf.GgmlType;
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
  private final boolean interleaved;
  private boolean closed;

  private CpuWeight(TensorSpec spec, MemorySegment data, NativeMemory own, boolean interleaved) {
    this.spec = spec;
    this.data = data;
    this.own = own;
    this.interleaved = interleaved;
  }

  /** Whether a weight would be brought into the layout of {@link InterleavedQ4}. */
  static boolean interleaves(TensorSpec spec) {
    return spec.type() == GgmlType.Q4_0
        && spec.use() == TensorSpec.Use.MATRIX
        && spec.experts() == 1
        && InterleavedQ4.fits(spec.rows());
  }

  /**
   * Brings a weight into the layout of {@link InterleavedQ4}, with all threads; the file's pages
   * are given back. Where there is no memory for it, the file's layout will do.
   */
  static CpuWeight interleaved(TensorSpec spec, MemorySegment data, ThreadTeam team) {
    check(spec, data);
    NativeMemory own;
    try {
      own = NativeMemory.allocate(spec.bytes());
    } catch (DeviceException e) {
      return of(spec, data);
    }
    long from = data.address();
    long groupBytes = InterleavedQ4.groupBytes(spec.cols());
    int groups = (int) (spec.bytes() / groupBytes);
    team.run(
        worker -> {
          byte[][] buffers = InterleavedQ4.buffers(spec.cols());
          for (int g = team.take(); g < groups; g = team.take()) {
            long at = g * groupBytes;
            InterleavedQ4.repack(from + at, spec.cols(), buffers, own.address() + at);
          }
        });
    if (data.isMapped()) {
      data.unload();
    }
    return new CpuWeight(spec, own.segment(), own, true);
  }

  private static void check(TensorSpec spec, MemorySegment data) {
    if (data.byteSize() < spec.bytes()) {
      throw new IllegalArgumentException(
          spec.name() + ": " + data.byteSize() + " bytes where " + spec.bytes() + " are needed");
    }
  }

  static CpuWeight of(TensorSpec spec, MemorySegment data) {
    check(spec, data);
    if (data.isNative()) {
      return new CpuWeight(spec, data, null, false);
    }
    NativeMemory own = NativeMemory.allocate(spec.bytes());
    MemorySegment.copy(data, 0, own.segment(), 0, spec.bytes());
    return new CpuWeight(spec, own.segment(), own, false);
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

  boolean interleaved() {
    return interleaved;
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
