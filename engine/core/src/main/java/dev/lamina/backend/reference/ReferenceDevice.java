package dev.lamina.backend.reference;

import dev.lamina.backend.ActivationPlan;
import dev.lamina.backend.Buffer;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.CompileChecks;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Program;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Runs every op with every type, slowly. Submitting a step runs it before it returns. Weights stay
 * where they are in the file's mapping.
 */
public final class ReferenceDevice implements Device {
  /** All ops with all types that weights can have; as slow as the loops are. */
  public static final Capabilities CAPABILITIES =
      new Capabilities() {
        private static final Support SLOW = Support.slow("plain Java loops without SIMD");

        @Override
        public Support supports(Op op) {
          for (TensorSpec spec : op.weights()) {
            if (!spec.type().isWeightType()) {
              return Support.no(spec.name() + ": no weight has type " + spec.type());
            }
          }
          return SLOW;
        }

        @Override
        public Set<GgmlType> repacked() {
          return Set.of();
        }
      };

  private final List<String> notes;
  private final List<Resource> open = new ArrayList<>();
  private boolean closed;

  private ReferenceDevice(List<String> notes) {
    this.notes = notes;
  }

  /** A device without a note. */
  public static ReferenceDevice create() {
    return new ReferenceDevice(List.of());
  }

  /**
   * A device that says why it is used.
   *
   * @param note shown with the device, such as why there is no faster one and what to do about it
   */
  public static ReferenceDevice create(String note) {
    return new ReferenceDevice(List.of(note));
  }

  @Override
  public DeviceInfo info() {
    long total = 0;
    long free = 0;
    if (ManagementFactory.getOperatingSystemMXBean()
        instanceof com.sun.management.OperatingSystemMXBean system) {
      total = system.getTotalMemorySize();
      free = system.getFreeMemorySize();
    }
    return new DeviceInfo(
        "CPU",
        "cpu",
        "CPU, plain Java",
        DeviceInfo.Kind.CPU,
        total,
        free,
        "Java " + Runtime.version(),
        notes);
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public Support supports(Op op) {
    return CAPABILITIES.supports(op);
  }

  @Override
  public Weight load(TensorSpec spec, MemorySegment data) {
    checkOpen();
    if (data.byteSize() < spec.bytes()) {
      throw new IllegalArgumentException(
          spec.name() + ": " + data.byteSize() + " bytes where " + spec.bytes() + " are needed");
    }
    return new ReferenceWeight(spec, data);
  }

  @Override
  public long weightBytes(TensorSpec spec) {
    return 0;
  }

  @Override
  public long workBytes(Graph graph, Limits limits) {
    return ActivationPlan.of(graph, limits).bytes();
  }

  @Override
  public Buffer allocate(long bytes) {
    checkOpen();
    return make(arena -> HostBuffer.alone(arena, bytes));
  }

  @Override
  public Program compile(Graph graph, Map<TensorSpec, Weight> weights, Limits limits) {
    checkOpen();
    CompileChecks.weights(graph, weights, ReferenceWeight.class, w -> true);
    CompileChecks.support(this, graph);
    return make(arena -> new ReferenceProgram(graph, weights, limits, arena));
  }

  /** Frees everything that was made here; closing it afterwards does nothing. */
  @Override
  public void close() {
    closed = true;
    open.forEach(Resource::close);
    open.clear();
  }

  /** Makes something in memory of its own, which {@link #close} frees at the latest. */
  private <T extends Resource> T make(Function<Arena, T> factory) {
    open.removeIf(resource -> !resource.isOpen());
    Arena arena = Arena.ofShared();
    boolean made = false;
    try {
      T resource = factory.apply(arena);
      open.add(resource);
      made = true;
      return resource;
    } catch (OutOfMemoryError e) {
      throw new DeviceException(
          DeviceException.Kind.OUT_OF_MEMORY, "the host has no memory left: " + e.getMessage(), e);
    } finally {
      if (!made) {
        arena.close();
      }
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the device is closed");
    }
  }

  /** A weight in the file's mapping. */
  record ReferenceWeight(TensorSpec spec, MemorySegment data) implements Weight {
    @Override
    public long bytes() {
      return 0;
    }

    /** Decodes row {@code row} of all matrices' rows one after the other. */
    void decode(long row, float[] into) {
      long rowBytes = spec.type().rowBytes(spec.cols());
      Dequantizer.decode(spec.type(), data, row * rowBytes, into, 0, spec.cols());
    }

    /** Decodes a vector. */
    float[] vector() {
      float[] values = new float[spec.cols()];
      decode(0, values);
      return values;
    }

    @Override
    public void close() {}
  }
}
