package dev.lamina.opencl;

import dev.lamina.backend.Buffer;
import dev.lamina.backend.CompileChecks;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceCounters;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Program;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;
import dev.lamina.shaders.CardFeatures;
import dev.lamina.shaders.CardPlan;
import dev.lamina.shaders.DeviceTables;
import dev.lamina.shaders.IntegerFormat;
import dev.lamina.shaders.Parts;
import dev.lamina.shaders.Region;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jocl.cl_device_id;
import org.jocl.cl_mem;
import org.jocl.cl_platform_id;

/** An OpenCL device. The driver makes a context for it when it is first used, and not before. */
final class OpenClDevice implements Device {
  /** What of a card's memory a driver and the screen have for themselves, at least. */
  private static final long RESERVE = 256L << 20;

  private final String id;
  private final cl_platform_id platform;
  private final cl_device_id device;
  private final DeviceFacts facts;
  private final Settings settings;
  private final CardFeatures features;
  private final Parts parts = this::unitsOfPart;
  private final List<AutoCloseable> open = new ArrayList<>();
  private final Map<Region, cl_mem> tables = new HashMap<>();
  private Connection connection;
  private Staging staging;
  private Programs programs;

  /** What rearranges weights; while weights are loaded. */
  private HeadsApart headsApart;

  private boolean closed;

  /**
   * What tests change.
   *
   * @param mostAllocation bytes of the largest buffer; at most what the driver says
   * @param memory bytes that may be in use at once; at most what the driver says
   * @param patience how long the device may be silent
   * @param cache where compiled programs are kept
   * @param paths which kernels it runs
   * @param repack whether weights may have another layout than in the file
   */
  record Settings(
      long mostAllocation,
      long memory,
      Duration patience,
      BinaryCache cache,
      Paths paths,
      boolean repack) {
    /** Prefill on a processor takes its time. */
    private static final int PROCESSOR_SECONDS = 600;

    private static final int CARD_SECONDS = 60;

    static Settings of(DeviceFacts facts, DeviceOptions options) {
      int seconds = facts.isProcessor() ? PROCESSOR_SECONDS : CARD_SECONDS;
      return new Settings(
          facts.mostAllocation(),
          facts.memory(),
          Duration.ofSeconds(Integer.getInteger("lamina.opencl.patience", seconds)),
          BinaryCache.of(facts),
          Paths.of(facts, options),
          options.repack());
    }

    Settings withMostAllocation(long bytes) {
      return new Settings(bytes, memory, patience, cache, paths, repack);
    }

    Settings withMemory(long bytes) {
      return new Settings(mostAllocation, bytes, patience, cache, paths, repack);
    }

    Settings withCache(BinaryCache other) {
      return new Settings(mostAllocation, memory, patience, other, paths, repack);
    }

    Settings withPaths(Paths other) {
      return new Settings(mostAllocation, memory, patience, cache, other, repack);
    }
  }

  OpenClDevice(
      String id,
      cl_platform_id platform,
      cl_device_id device,
      DeviceFacts facts,
      Settings settings) {
    this.id = id;
    this.platform = platform;
    this.device = device;
    this.facts = facts.withMostAllocation(settings.mostAllocation());
    this.settings = settings;
    features =
        settings
            .paths()
            .features((int) Math.min(facts.localBytes(), Integer.MAX_VALUE), settings.repack());
  }

  /** The same hardware again, with a context of its own. */
  OpenClDevice again(String name, Settings settings) {
    return new OpenClDevice(name, platform, device, facts, settings);
  }

  DeviceFacts facts() {
    return facts;
  }

  Settings settings() {
    return settings;
  }

  @Override
  public DeviceInfo info() {
    long used = connection == null ? 0 : connection.used();
    List<String> notes = new ArrayList<>();
    if (facts.isProcessor()) {
      notes.add("a processor behind OpenCL: used only where --device names it");
    }
    if (programs != null && programs.refused() != null) {
      notes.add("without extensions that it says that it has: " + programs.refused());
    }
    return new DeviceInfo(
        id,
        "opencl",
        facts.name(),
        facts.kind(),
        facts.memory(),
        Math.clamp(freeMemory(used), 0, facts.memory()),
        facts.platform() + ", " + facts.version() + ", driver " + facts.driver(),
        notes,
        facts.hardware());
  }

  private long freeMemory(long used) {
    long left = facts.memory() - used;
    return switch (facts.kind()) {
      case DISCRETE_GPU -> {
        long told = closed ? -1 : DeviceFacts.freeMemory(device, facts.extensions());
        yield told >= 0 ? told : left - RESERVE;
      }
      case INTEGRATED_GPU, SOFTWARE_GPU, CPU ->
          ManagementFactory.getOperatingSystemMXBean()
                  instanceof com.sun.management.OperatingSystemMXBean system
              ? Math.min(left, system.getFreeMemorySize())
              : left;
    };
  }

  @Override
  public Support supports(Op op) {
    for (TensorSpec spec : op.weights()) {
      long unit = unitBytes(spec);
      if (unit > facts.mostAllocation()) {
        return Support.no(
            "%s: %d bytes must lie together, and %s gives at most %d at once"
                .formatted(spec.name(), unit, id, facts.mostAllocation()));
      }
    }
    return OpenClCapabilities.INSTANCE.supports(op);
  }

  /** Bytes on the device that cannot be cut: a row, or one of several experts. */
  private long unitBytes(TensorSpec spec) {
    return features.rowBytes(spec) * rowsOfUnit(spec);
  }

  private static int rowsOfUnit(TensorSpec spec) {
    return spec.experts() > 1 ? spec.rows() : 1;
  }

  private int unitsOfPart(TensorSpec spec) {
    return (int) Math.min(Parts.units(spec), facts.mostAllocation() / unitBytes(spec));
  }

  @Override
  public Weight load(TensorSpec spec, MemorySegment data) {
    checkOpen();
    if (data.byteSize() < spec.bytes()) {
      throw new IllegalArgumentException(
          spec.name() + ": " + data.byteSize() + " bytes where " + spec.bytes() + " are needed");
    }
    float[] vector = null;
    List<OpenClWeight.Part> made = new ArrayList<>();
    boolean loaded = false;
    try {
      if (spec.use() == TensorSpec.Use.VECTOR) {
        vector = new float[spec.cols()];
        Dequantizer.decode(spec.type(), data, 0, vector, 0, vector.length);
        MemorySegment values = MemorySegment.ofArray(vector);
        staging().upload(part(spec, values.byteSize(), made), values);
      } else {
        loadParts(spec, data, made);
      }
      loaded = true;
      return own(new OpenClWeight(this, spec, made, vector));
    } finally {
      if (!loaded) {
        made.forEach(part -> connection().free(part.memory(), part.bytes()));
      }
    }
  }

  private void loadParts(TensorSpec spec, MemorySegment data, List<OpenClWeight.Part> made) {
    IntegerFormat layout = features.layout(spec);
    long inFile = spec.type().rowBytes(spec.cols()) * rowsOfUnit(spec);
    int units = Parts.units(spec);
    int each = unitsOfPart(spec);
    for (int first = 0; first < units; first += each) {
      int some = Math.min(each, units - first);
      MemorySegment source = data.asSlice(first * inFile, some * inFile);
      cl_mem memory = part(spec, some * unitBytes(spec), made);
      if (layout == null) {
        staging().upload(memory, source);
      } else {
        if (headsApart == null) {
          headsApart = new HeadsApart(this);
        }
        headsApart.load(spec, layout, source, memory);
      }
    }
  }

  private cl_mem part(TensorSpec spec, long bytes, List<OpenClWeight.Part> made) {
    cl_mem memory = connection().allocate(bytes, spec.name());
    made.add(new OpenClWeight.Part(memory, bytes));
    return memory;
  }

  @Override
  public long weightBytes(TensorSpec spec) {
    return spec.use() == TensorSpec.Use.VECTOR
        ? (long) Float.BYTES * spec.cols()
        : unitBytes(spec) * Parts.units(spec);
  }

  @Override
  public long workBytes(Graph graph, Limits limits) {
    return plan(graph, limits).workBytes();
  }

  CardPlan plan(Graph graph, Limits limits) {
    return new CardPlan(graph, limits, parts, features);
  }

  @Override
  public Buffer allocate(long bytes) {
    checkOpen();
    return own(new OpenClBuffer(this, connection().allocate(bytes, "a buffer"), bytes, true));
  }

  @Override
  public Program compile(Graph graph, Map<TensorSpec, Weight> weights, Limits limits) {
    checkOpen();
    Map<TensorSpec, OpenClWeight> loaded =
        CompileChecks.weights(graph, weights, OpenClWeight.class, w -> w.device() == this);
    CompileChecks.support(this, graph);
    if (headsApart != null) {
      headsApart.close();
      headsApart = null;
    }
    return own(new OpenClProgram(this, graph, loaded, limits));
  }

  @Override
  public Optional<DeviceCounters> workDone() {
    return Optional.of(
        connection == null ? new DeviceCounters(0, 0, 0, 0, 0) : connection.workDone());
  }

  /** Programs compiled from source so far. */
  long builds() {
    return programs == null ? 0 : programs.builds();
  }

  Connection connection() {
    if (connection == null) {
      connection = new Connection(id, platform, device, facts, settings);
    }
    return connection;
  }

  Staging staging() {
    if (staging == null) {
      staging = new Staging(connection());
    }
    return staging;
  }

  Programs programs() {
    if (programs == null) {
      programs = new Programs(connection(), settings.cache(), settings.paths());
    }
    return programs;
  }

  /** The constant table of a type, shared by all programs. */
  cl_mem table(Region.Table table) {
    return table(table, table.type(), DeviceTables.of(table.type()));
  }

  /** The constant table of a type for products with integers, likewise. */
  cl_mem table(Region.Grid grid) {
    return table(grid, grid.type(), DeviceTables.integers(grid.type()));
  }

  private cl_mem table(Region region, GgmlType type, int[] numbers) {
    return tables.computeIfAbsent(
        region,
        r -> {
          MemorySegment words = MemorySegment.ofArray(numbers);
          cl_mem memory = connection().allocate(words.byteSize(), "the table of " + type);
          staging().upload(memory, words);
          return memory;
        });
  }

  void free(cl_mem memory, long bytes) {
    if (!closed) {
      connection.free(memory, bytes);
    }
  }

  void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the device is closed");
    }
  }

  private <T extends AutoCloseable> T own(T resource) {
    open.add(resource);
    return resource;
  }

  /** Frees everything that was made here; closing it afterwards does nothing. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    for (AutoCloseable resource : open.reversed()) {
      switch (resource) {
        case Program program -> program.close();
        case Buffer buffer -> buffer.close();
        case Weight weight -> weight.close();
        default -> throw new AssertionError(resource);
      }
    }
    open.clear();
    if (connection != null) {
      if (headsApart != null) {
        headsApart.close();
      }
      if (staging != null) {
        staging.close();
      }
      tables.values().forEach(table -> connection.free(table, 0));
      if (programs != null) {
        programs.close();
      }
      connection.close();
    }
    closed = true;
  }
}
