package dev.lamina.cuda;

import dev.lamina.backend.Buffer;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.CompileChecks;
import dev.lamina.backend.CpuMath;
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
import dev.lamina.cuda.driver.GpuCard;
import dev.lamina.cuda.driver.GpuContext;
import dev.lamina.cuda.driver.GpuDriver;
import dev.lamina.cuda.driver.GpuEvent;
import dev.lamina.cuda.driver.GpuStream;
import dev.lamina.cuda.driver.Grid;
import dev.lamina.gguf.GgmlType;
import dev.lamina.shaders.CardFeatures;
import dev.lamina.shaders.CardKernels;
import dev.lamina.shaders.CardPlan;
import dev.lamina.shaders.DeviceTables;
import dev.lamina.shaders.IntegerFormat;
import dev.lamina.shaders.Kernel;
import dev.lamina.shaders.MatrixUnits;
import dev.lamina.shaders.Parts;
import dev.lamina.shaders.Region;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** One card with a context and a stream of its own. */
final class CardDevice implements Device {
  /** Bytes of a weight that are rearranged at a time. */
  private static final long APART_BYTES = 16L << 20;

  private final Flavour flavour;
  private final GpuDriver driver;
  private final GpuCard card;
  private final GpuContext context;
  private final GpuStream stream;
  private final GpuEvent mark;
  private final Staging staging;
  private final Kernels kernels;
  private final CardFeatures features;
  private final Set<CardMemory> memories = new LinkedHashSet<>();
  private final Set<CardProgram> programs = new LinkedHashSet<>();
  private final Map<Region, CardMemory> tables = new HashMap<>();
  private final Set<CardDevice> peers = new LinkedHashSet<>();

  /** Where rows lie on their way to another layout; while weights are loaded. */
  private CardMemory apart;

  private long lastFree;
  private boolean closed;

  /**
   * Opens a card.
   *
   * @throws DeviceException where its driver refuses
   */
  CardDevice(
      Flavour flavour, GpuDriver driver, GpuCard card, KernelImages images, DeviceOptions options) {
    this.flavour = flavour;
    boolean rounding = options.math() == CpuMath.I8;
    // Matrix units round, too.
    features =
        new CardFeatures(
            rounding ? MatrixUnits.of(card.capability()) : MatrixUnits.NONE,
            rounding,
            options.repack(),
            true,
            flavour.tuning());
    this.driver = driver;
    this.card = card;
    context = driver.open(card.ordinal());
    try {
      stream = context.newStream();
      mark = context.newEvent();
      lastFree = context.freeBytes();
    } catch (RuntimeException e) {
      context.close();
      throw e;
    }
    staging = new Staging(context, stream);
    kernels = new Kernels(context, images);
  }

  @Override
  public DeviceInfo info() {
    if (!closed) {
      try {
        lastFree = context.freeBytes();
      } catch (DeviceException e) {
        // A device that is lost says what it knew last.
      }
    }
    return new DeviceInfo(
        flavour.idPrefix() + card.ordinal(),
        flavour.backend(),
        card.name(),
        card.integrated() ? DeviceInfo.Kind.INTEGRATED_GPU : DeviceInfo.Kind.DISCRETE_GPU,
        card.memoryBytes(),
        Math.min(lastFree, card.memoryBytes()),
        driver.version(),
        List.of(card.architecture() + ", " + card.processors() + " multiprocessors"),
        card.bus());
  }

  @Override
  public Support supports(Op op) {
    return capabilities().supports(op);
  }

  private Capabilities capabilities() {
    return flavour.capabilities();
  }

  @Override
  public Weight load(TensorSpec spec, MemorySegment data) {
    checkOpen();
    if (data.byteSize() < spec.bytes()) {
      throw new IllegalArgumentException(
          spec.name() + ": " + data.byteSize() + " bytes where " + spec.bytes() + " are needed");
    }
    CardMemory memory = memory(weightBytes(spec));
    try {
      if (features.layout(spec) != null) {
        loadApart(spec, data, memory.address());
        return new CardWeight(this, spec, memory, data);
      }
      MemorySegment source =
          spec.use() == TensorSpec.Use.VECTOR
              ? MemorySegment.ofArray(CardWeight.values(spec, data))
              : data.asSlice(0, spec.bytes());
      staging.write(memory.address(), source);
      return new CardWeight(this, spec, memory, data);
    } catch (RuntimeException e) {
      free(memory);
      throw e;
    }
  }

  /**
   * Rows come as the file has them, some at a time, and the card takes the heads of their blocks
   * apart.
   */
  private void loadApart(TensorSpec spec, MemorySegment data, long to) {
    IntegerFormat layout = features.layout(spec);
    long rowBytes = spec.type().rowBytes(spec.cols());
    long target = layout.rowBytes(spec.type(), spec.cols());
    Kernel kernel = CardKernels.headsApart();
    kernels.load(Set.of(kernel.program()));
    long rows = CardWeight.rows(spec);
    long each = Math.clamp(APART_BYTES / rowBytes, 1, rows);
    if (apart == null) {
      apart = memory(Math.max(APART_BYTES, rowBytes));
    }
    for (long row = 0; row < rows; row += each) {
      long some = Math.min(each, rows - row);
      staging.write(apart.address(), data.asSlice(row * rowBytes, some * rowBytes));
      stream.launch(
          kernels.get(kernel),
          new Grid((int) some, 1, 1, kernel.itemsX(), kernel.itemsY()),
          0,
          new long[] {
            apart.address(),
            to + row * target,
            spec.cols() / spec.type().blockSize(),
            spec.type().blockBytes(),
            layout.headAt(),
            layout.headBytes(),
            target,
            0
          });
    }
  }

  @Override
  public long weightBytes(TensorSpec spec) {
    return CardWeight.bytes(spec, features);
  }

  @Override
  public long workBytes(Graph graph, Limits limits) {
    return plan(graph, limits).workBytes();
  }

  private CardPlan plan(Graph graph, Limits limits) {
    return new CardPlan(graph, limits, Parts.WHOLE, features);
  }

  @Override
  public Buffer allocate(long bytes) {
    checkOpen();
    return new CardBuffer(this, memory(bytes), true);
  }

  @Override
  public Program compile(Graph graph, Map<TensorSpec, Weight> weights, Limits limits) {
    checkOpen();
    Map<TensorSpec, CardWeight> loaded =
        CompileChecks.weights(graph, weights, CardWeight.class, w -> w.device() == this);
    CompileChecks.support(this, graph);
    if (apart != null) {
      free(apart);
      apart = null;
    }
    CardPlan plan = plan(graph, limits);
    kernels.load(plan.programs());
    CardProgram program = new CardProgram(this, graph, loaded, limits, plan);
    programs.add(program);
    return program;
  }

  @Override
  public Optional<DeviceSpeed> measureSpeed() {
    checkOpen();
    return Optional.of(CardSpeed.measure(this, card.processors(), context.freeBytes()));
  }

  /** Gives back all that was made here. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      programs.forEach(CardProgram::forget);
      memories.forEach(CardMemory::forget);
      context.close();
    }
  }

  void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the device is closed");
    }
  }

  /** New memory; goes at the latest with the device. */
  CardMemory memory(long bytes) {
    CardMemory memory = new CardMemory(context, bytes);
    memories.add(memory);
    return memory;
  }

  void free(CardMemory memory) {
    memories.remove(memory);
    memory.close();
  }

  void remove(CardProgram program) {
    programs.remove(program);
  }

  /**
   * Waits for the card before something is freed; a card that fails has nothing left to wait for.
   */
  void settle() {
    try {
      stream.synchronise();
    } catch (DeviceException e) {
      // Whoever uses the card next is told.
    }
  }

  /** The address of a constant table. */
  long table(Region region) {
    CardMemory table = tables.get(region);
    if (table == null) {
      int[] numbers =
          switch (region) {
            case Region.Table(GgmlType type) -> DeviceTables.of(type);
            case Region.Grid(GgmlType type) -> DeviceTables.integers(type);
            default -> throw new IllegalArgumentException(region + " is no table");
          };
      MemorySegment words = MemorySegment.ofArray(numbers);
      table = memory(words.byteSize());
      staging.write(table.address(), words);
      tables.put(region, table);
    }
    return table.address();
  }

  /** Whether memory can be copied straight to another device. */
  boolean reaches(CardDevice other) {
    if (other == this) {
      return true;
    }
    if (other.driver.getClass() != driver.getClass()) {
      return false;
    }
    other.checkOpen();
    if (peers.add(other)) {
      // Where the cards cannot see each other, the driver goes through the host by itself.
      context.enablePeer(other.context);
    }
    return true;
  }

  GpuContext context() {
    return context;
  }

  GpuStream stream() {
    return stream;
  }

  /** An event for whoever orders another card's work after or before this one's. */
  GpuEvent mark() {
    return mark;
  }

  Staging staging() {
    return staging;
  }

  Kernels kernels() {
    return kernels;
  }
}
