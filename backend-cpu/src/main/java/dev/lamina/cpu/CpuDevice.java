package dev.lamina.cpu;

import dev.lamina.backend.Buffer;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.DeviceSpeed;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Program;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The processor with its vector units. Submitting a step runs it before it returns. */
final class CpuDevice implements Device {
  /** Smaller weights stay in the caches, where nothing is gained. */
  private static final long REPACK_FROM = 1 << 20;

  private final CpuFacts facts = CpuFacts.read();
  private final ThreadTeam team;
  private final Start start;
  private final boolean repack;
  private final long repackFrom;
  private final List<AutoCloseable> open = new ArrayList<>();
  private boolean closed;

  /** A device whose programs use the SIMD kernels from the first step on. */
  CpuDevice(DeviceOptions options) {
    this(options, Start.SIMD);
  }

  CpuDevice(DeviceOptions options, Start start) {
    this(options, start, REPACK_FROM);
  }

  /**
   * @param repackFrom bytes from which a weight is brought into another layout
   */
  CpuDevice(DeviceOptions options, Start start, long repackFrom) {
    this.start = start;
    this.repack = options.repack();
    this.repackFrom = repackFrom;
    team = new ThreadTeam(options.threads() > 0 ? options.threads() : facts.cores());
  }

  @Override
  public DeviceInfo info() {
    return facts.info(team.size());
  }

  @Override
  public Support supports(Op op) {
    return CpuCapabilities.INSTANCE.supports(op);
  }

  @Override
  public Weight load(TensorSpec spec, MemorySegment data) {
    checkOpen();
    return own(
        interleaves(spec) && data.isNative()
            ? CpuWeight.interleaved(spec, data, team)
            : CpuWeight.of(spec, data));
  }

  @Override
  public long weightBytes(TensorSpec spec) {
    return interleaves(spec) ? spec.bytes() : 0;
  }

  private boolean interleaves(TensorSpec spec) {
    return repack && spec.bytes() >= repackFrom && CpuWeight.interleaves(spec);
  }

  @Override
  public long workBytes(Graph graph, Limits limits) {
    return CpuProgram.workBytes(graph, limits, team.size());
  }

  @Override
  public Buffer allocate(long bytes) {
    checkOpen();
    return own(new CpuBuffer(bytes));
  }

  @Override
  public Program compile(Graph graph, Map<TensorSpec, Weight> weights, Limits limits) {
    checkOpen();
    Map<TensorSpec, CpuWeight> loaded = new HashMap<>();
    for (TensorSpec spec : graph.weights()) {
      if (!(weights.get(spec) instanceof CpuWeight weight)) {
        throw new IllegalArgumentException(spec.name() + " is not loaded on this device");
      }
      loaded.put(spec, weight);
    }
    for (Op op : graph.ops()) {
      if (supports(op) instanceof Support.No no) {
        throw new DeviceException(DeviceException.Kind.UNSUPPORTED, no.reason());
      }
    }
    return own(new CpuProgram(graph, loaded, limits, team, start));
  }

  @Override
  public Optional<DeviceSpeed> measureSpeed() {
    checkOpen();
    return Optional.of(MachineLimits.measure(team, info().memoryFree()));
  }

  /** Frees everything that was made here; closing it afterwards does nothing. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    team.close();
    for (AutoCloseable resource : open.reversed()) {
      switch (resource) {
        case Program program -> program.close();
        case Buffer buffer -> buffer.close();
        case Weight weight -> weight.close();
        default -> throw new AssertionError(resource);
      }
    }
    open.clear();
  }

  private <T extends AutoCloseable> T own(T resource) {
    open.add(resource);
    return resource;
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the device is closed");
    }
  }
}
