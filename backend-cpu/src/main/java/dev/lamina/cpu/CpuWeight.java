package dev.lamina.cpu;

import dev.lamina.backend.DeviceException;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import dev.lamina.cpu.panel.PanelCode;
import dev.lamina.cpu.panel.PanelFormat;
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
  private final PanelFormat panels;
  private boolean closed;

  private CpuWeight(TensorSpec spec, MemorySegment data, NativeMemory own, PanelFormat panels) {
    this.spec = spec;
    this.data = data;
    this.own = own;
    this.panels = panels;
  }

  /**
   * Brings a weight into panels, with all threads; the file's pages are given back. Where there is
   * no memory for it, the file's layout will do.
   */
  static CpuWeight panels(
      TensorSpec spec, MemorySegment data, PanelFormat format, PanelCode code, ThreadTeam team) {
    check(spec, data);
    NativeMemory own;
    try {
      own = NativeMemory.allocate(format.bytes(spec.cols(), spec.rows(), spec.experts()));
    } catch (DeviceException e) {
      return of(spec, data);
    }
    if (!data.isNative()) {
      try (NativeMemory copy = NativeMemory.allocate(spec.bytes())) {
        MemorySegment.copy(data, 0, copy.segment(), 0, spec.bytes());
        int panels = PanelFormat.panels(spec.rows()) * spec.experts();
        repack(spec, copy.address(), format, code, team, own.address(), 0, panels);
      }
    } else {
      repackMapped(spec, data, format, code, team, own.address());
    }
    return new CpuWeight(spec, own.segment(), own, format);
  }

  /** Bytes of the file that are in memory beside their panels, at most. */
  private static final long SLICE = 32L << 20;

  /** Goes through a mapping slice by slice, and gives each one's pages back. */
  private static void repackMapped(
      TensorSpec spec,
      MemorySegment data,
      PanelFormat format,
      PanelCode code,
      ThreadTeam team,
      long to) {
    int panels = PanelFormat.panels(spec.rows());
    int all = Math.multiplyExact(panels, spec.experts());
    long rowBytes = spec.type().rowBytes(spec.cols());
    int step = Math.clamp(SLICE / (rowBytes * PanelFormat.ROWS), 1, all);
    long done = 0;
    for (int first = 0; first < all; first += step) {
      int end = Math.min(all, first + step);
      repack(spec, data.address(), format, code, team, to, first, end);
      if (data.isMapped()) {
        long rows = (long) end / panels * spec.rows() + (long) end % panels * PanelFormat.ROWS;
        long next = end == all ? spec.bytes() : rows * rowBytes;
        data.asSlice(done, next - done).unload();
        done = next;
      }
    }
  }

  private static void repack(
      TensorSpec spec,
      long from,
      PanelFormat format,
      PanelCode code,
      ThreadTeam team,
      long to,
      int begin,
      int end) {
    long function = code.repack(format);
    long rowBytes = spec.type().rowBytes(spec.cols());
    long panelBytes = format.panelBytes(spec.cols());
    int panels = PanelFormat.panels(spec.rows());
    team.run(
        worker -> {
          try (NativeMemory scratch = NativeMemory.allocate(PanelCode.CALL_SCRATCH)) {
            for (int p = begin + team.take(); p < end; p = begin + team.take()) {
              int expert = p / panels;
              int first = p % panels * PanelFormat.ROWS;
              PanelCode.repack(
                  function,
                  format,
                  from + ((long) expert * spec.rows() + first) * rowBytes,
                  Math.min(PanelFormat.ROWS, spec.rows() - first),
                  spec.cols(),
                  to + p * panelBytes,
                  scratch.address());
            }
          }
        });
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
      return new CpuWeight(spec, data, null, null);
    }
    NativeMemory own = NativeMemory.allocate(spec.bytes());
    MemorySegment.copy(data, 0, own.segment(), 0, spec.bytes());
    return new CpuWeight(spec, own.segment(), own, null);
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

  /** How it lies in panels, or null where it lies as in the file. */
  PanelFormat panels() {
    return panels;
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
