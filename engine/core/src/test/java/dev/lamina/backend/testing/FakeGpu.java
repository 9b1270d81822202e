package dev.lamina.backend.testing;

import dev.lamina.backend.ActivationPlan;
import dev.lamina.backend.Buffer;
import dev.lamina.backend.CompileChecks;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceCounters;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.Graph;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Program;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import dev.lamina.backend.reference.ReferenceDevice;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * A made-up GPU: the arithmetic of the reference device in the shape of a card. Its memory is its
 * own and limited, weights are opaque, work runs later on a thread of its own, buffers stay where
 * they are, and what a card would count is counted. Failures can be ordered.
 */
public final class FakeGpu implements Device {
  /** What can be ordered to go wrong. */
  public enum Fault {
    /** {@link Device#load} throws {@code OUT_OF_MEMORY}. */
    LOAD,
    /** {@link Device#allocate} throws {@code OUT_OF_MEMORY}. */
    ALLOCATE,
    /** {@link Device#compile} throws {@code COMPILE_FAILED}. */
    COMPILE,
    /** {@link Program#submit} throws {@code OTHER}. */
    SUBMIT,
    /** A submitted step is lost: whoever waits next, or calls afterwards, gets {@code LOST}. */
    LOST
  }

  /**
   * What a device has been asked to do.
   *
   * @param loads weights loaded
   * @param weightBytes their bytes
   * @param allocations buffers allocated (those of programs not counted)
   * @param compilations programs compiled
   * @param submissions steps submitted
   * @param launches ops run by them
   * @param synchronisations calls that waited for the device
   * @param bytesIn bytes written to buffers
   * @param bytesOut bytes read from buffers
   */
  public record Counters(
      long loads,
      long weightBytes,
      long allocations,
      long compilations,
      long submissions,
      long launches,
      long synchronisations,
      long bytesIn,
      long bytesOut) {
    /** What has been added since {@code before}. */
    public Counters minus(Counters before) {
      return new Counters(
          loads - before.loads,
          weightBytes - before.weightBytes,
          allocations - before.allocations,
          compilations - before.compilations,
          submissions - before.submissions,
          launches - before.launches,
          synchronisations - before.synchronisations,
          bytesIn - before.bytesIn,
          bytesOut - before.bytesOut);
    }
  }

  enum Count {
    LOADS,
    WEIGHT_BYTES,
    ALLOCATIONS,
    COMPILATIONS,
    SUBMISSIONS,
    LAUNCHES,
    SYNCHRONISATIONS,
    BYTES_IN,
    BYTES_OUT
  }

  private final Builder options;
  private final FakeQueue queue;
  private final ReferenceDevice arithmetic = ReferenceDevice.create();
  private final EnumMap<Count, Long> counts = new EnumMap<>(Count.class);
  private final EnumMap<Fault, Integer> asked = new EnumMap<>(Fault.class);
  private final List<FakeMemory> memories = new ArrayList<>();
  private long used;
  private boolean closed;
  private DeviceException lost;

  private FakeGpu(Builder options) {
    this.options = options;
    queue = new FakeQueue(options.id, options.lazy);
  }

  /** Describes a device with this id, such as {@code Vulkan0}. */
  public static Builder builder(String id) {
    return new Builder(id);
  }

  /** What it has been asked to do so far. */
  public synchronized Counters counters() {
    return new Counters(
        count(Count.LOADS),
        count(Count.WEIGHT_BYTES),
        count(Count.ALLOCATIONS),
        count(Count.COMPILATIONS),
        count(Count.SUBMISSIONS),
        count(Count.LAUNCHES),
        count(Count.SYNCHRONISATIONS),
        count(Count.BYTES_IN),
        count(Count.BYTES_OUT));
  }

  @Override
  public Optional<DeviceCounters> workDone() {
    Counters c = counters();
    return Optional.of(
        new DeviceCounters(
            c.submissions(), c.synchronisations(), c.launches(), c.bytesIn(), c.bytesOut()));
  }

  /** Bytes of its memory in use: 0 after everything is closed. */
  public synchronized long memoryUsed() {
    return used;
  }

  /** Whether {@link #close} has been called. */
  public synchronized boolean isClosed() {
    return closed;
  }

  @Override
  public synchronized DeviceInfo info() {
    return new DeviceInfo(
        options.id,
        options.backend,
        "made-up " + options.backend + " device",
        options.kind,
        options.memoryTotal,
        options.pretendFree ? options.memoryTotal : Math.max(0, options.memoryFree - used),
        "none",
        List.of());
  }

  @Override
  public Support supports(Op op) {
    return options.supports.apply(op);
  }

  @Override
  public synchronized Weight load(TensorSpec spec, MemorySegment data) {
    check();
    fault(Fault.LOAD, DeviceException.Kind.OUT_OF_MEMORY, "no memory for " + spec.name());
    FakeMemory memory = new FakeMemory(this, spec.bytes());
    memories.add(memory);
    memory.segment().copyFrom(data.asSlice(0, spec.bytes()));
    add(Count.LOADS, 1);
    add(Count.WEIGHT_BYTES, spec.bytes());
    return new FakeWeight(spec, memory, arithmetic.load(spec, memory.segment()));
  }

  @Override
  public long weightBytes(TensorSpec spec) {
    return spec.bytes();
  }

  @Override
  public long workBytes(Graph graph, Limits limits) {
    return ActivationPlan.of(graph, limits).bytes();
  }

  @Override
  public synchronized Buffer allocate(long bytes) {
    check();
    fault(Fault.ALLOCATE, DeviceException.Kind.OUT_OF_MEMORY, "no memory for a buffer");
    reserve(bytes);
    add(Count.ALLOCATIONS, 1);
    return new FakeBuffer(this, arithmetic.allocate(bytes), bytes);
  }

  @Override
  public synchronized Program compile(Graph graph, Map<TensorSpec, Weight> weights, Limits limits) {
    check();
    fault(Fault.COMPILE, DeviceException.Kind.COMPILE_FAILED, "a kernel does not compile");
    CompileChecks.support(this, graph);
    Map<TensorSpec, Weight> own = new HashMap<>();
    CompileChecks.weights(graph, weights, FakeWeight.class, w -> w.memory.owner() == this)
        .forEach((spec, weight) -> own.put(spec, weight.arithmetic));
    long bytes = workBytes(graph, limits);
    for (KvSpec kv : graph.kv()) {
      bytes += limits.kvBytes(kv);
    }
    reserve(bytes);
    add(Count.COMPILATIONS, 1);
    return new FakeProgram(this, graph, limits, arithmetic.compile(graph, own, limits), bytes);
  }

  /** Ends its thread and poisons its memory, whatever is still enqueued. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      used = 0;
    }
    queue.close();
    memories.forEach(FakeMemory::free);
    arithmetic.close();
  }

  synchronized void check() {
    if (closed) {
      throw new IllegalStateException("the device is closed");
    }
    if (lost != null) {
      throw new DeviceException(lost.kind(), lost.getMessage(), lost);
    }
  }

  /** Throws where this call, counted from 0, was ordered to fail. */
  synchronized void fault(Fault fault, DeviceException.Kind kind, String message) {
    if (isDue(fault)) {
      throw new DeviceException(kind, options.id + ": " + message);
    }
  }

  /** Counts a call, and says whether it was ordered to fail. */
  synchronized boolean isDue(Fault fault) {
    int now = asked.merge(fault, 1, Integer::sum) - 1;
    return options.faults.containsKey(fault) && options.faults.get(fault) == now;
  }

  synchronized void reserve(long bytes) {
    if (used + bytes > options.memoryFree) {
      throw new DeviceException(
          DeviceException.Kind.OUT_OF_MEMORY,
          "%s: %d bytes wanted, %d of %d in use"
              .formatted(options.id, bytes, used, options.memoryFree));
    }
    used += bytes;
  }

  synchronized void release(long bytes) {
    if (!closed) {
      used -= bytes;
    }
  }

  synchronized void add(Count count, long n) {
    counts.merge(count, n, Long::sum);
  }

  private long count(Count count) {
    return counts.getOrDefault(count, 0L);
  }

  /** Runs later, in order. */
  void enqueue(Runnable task) {
    check();
    queue.enqueue(task);
  }

  /** Runs later where the device is open: for what frees memory. */
  synchronized void enqueueIfOpen(Runnable task) {
    if (!closed) {
      queue.enqueue(task);
    }
  }

  /** Waits for everything enqueued. */
  void synchronise() {
    check();
    add(Count.SYNCHRONISATIONS, 1);
    try {
      queue.drain();
    } catch (DeviceException e) {
      synchronized (this) {
        lost = e;
      }
      throw e;
    }
  }

  /** A weight of this device; nobody else can see into it. */
  private record FakeWeight(TensorSpec spec, FakeMemory memory, Weight arithmetic)
      implements Weight {
    @Override
    public long bytes() {
      return spec.bytes();
    }

    @Override
    public void close() {
      memory.close();
    }
  }

  /** What a made-up device is like; a new one has 16 GiB and supports everything. */
  public static final class Builder {
    private final String id;
    private final Map<Fault, Integer> faults = new EnumMap<>(Fault.class);
    private String backend = "fake";
    private DeviceInfo.Kind kind = DeviceInfo.Kind.DISCRETE_GPU;
    private long memoryTotal = 16L << 30;
    private long memoryFree = 16L << 30;
    private boolean pretendFree;
    private boolean lazy = true;
    private Function<Op, Support> supports = op -> Support.FULL;

    private Builder(String id) {
      this.id = id;
    }

    /** The provider's name that it gives, {@code fake} unless told. */
    public Builder backend(String name) {
      backend = name;
      return this;
    }

    public Builder kind(DeviceInfo.Kind kind) {
      this.kind = kind;
      return this;
    }

    /** Bytes of its memory, all free. */
    public Builder memory(long bytes) {
      return memory(bytes, bytes);
    }

    /** Bytes of its memory, and how many of them are free to be used. */
    public Builder memory(long total, long free) {
      memoryTotal = total;
      memoryFree = free;
      return this;
    }

    /** Says that all of its memory is free, whatever is true. */
    public Builder pretendFree() {
      pretendFree = true;
      return this;
    }

    /** Runs what is enqueued as soon as possible, and not only when somebody waits. */
    public Builder eager() {
      lazy = false;
      return this;
    }

    /** What it answers to {@link Device#supports}. */
    public Builder supports(Function<Op, Support> answer) {
      supports = answer;
      return this;
    }

    /** Lets the call number {@code at} (from 0) of the fault's method fail. */
    public Builder fail(Fault fault, int at) {
      faults.put(fault, at);
      return this;
    }

    public FakeGpu build() {
      return new FakeGpu(this);
    }
  }
}
