package dev.lamina.cuda.hip;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.lamina.cuda.driver.GpuContext;
import dev.lamina.cuda.driver.GpuEvent;
import dev.lamina.cuda.driver.GpuKernel;
import dev.lamina.cuda.driver.GpuModule;
import dev.lamina.cuda.driver.GpuStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * An AMD card. HIP has one context for each card and process, so that what is made here is
 * remembered, and given back at the end.
 */
final class HipContext implements GpuContext {
  private static final int STREAM_NON_BLOCKING = 1;
  private static final int EVENT_DISABLE_TIMING = 2;
  private static final int PEER_ALREADY_ENABLED = 704;

  private final HipLibrary hip;
  private final int ordinal;
  private final String card;
  private final Set<Long> memories = new LinkedHashSet<>();
  private final Set<Long> pinned = new LinkedHashSet<>();
  private final Set<AutoCloseable> resources = new LinkedHashSet<>();
  private boolean closed;

  HipContext(HipLibrary hip, int ordinal, String card) {
    this.hip = hip;
    this.ordinal = ordinal;
    this.card = card;
    enter();
  }

  int ordinal() {
    return ordinal;
  }

  HipLibrary hip() {
    return hip;
  }

  /** Makes this card the calling thread's. */
  void enter() {
    if (closed) {
      throw new IllegalStateException("the device is closed");
    }
    hip.check(card, "hipSetDevice", ordinal);
  }

  /** Calls with this card current. */
  void call(String function, Object... arguments) {
    enter();
    hip.check(card, function, arguments);
  }

  /** Gives something back; what fails here has nothing left to lose. */
  void release(String function, MemorySegment handle) {
    if (!closed && hip.call("hipSetDevice", ordinal) == 0) {
      hip.call(function, handle);
    }
  }

  /** Calls a function that makes something, and returns its handle. */
  private MemorySegment make(String function, Object... more) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment made = arena.allocate(ADDRESS);
      Object[] arguments = new Object[more.length + 1];
      arguments[0] = made;
      System.arraycopy(more, 0, arguments, 1, more.length);
      call(function, arguments);
      return made.get(ADDRESS, 0);
    }
  }

  @Override
  public long freeBytes() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment free = arena.allocate(JAVA_LONG);
      MemorySegment total = arena.allocate(JAVA_LONG);
      call("hipMemGetInfo", free, total);
      return free.get(JAVA_LONG, 0);
    }
  }

  @Override
  public long allocate(long bytes) {
    long address = make("hipMalloc", bytes).address();
    memories.add(address);
    return address;
  }

  @Override
  public void free(long address) {
    if (memories.remove(address)) {
      release("hipFree", MemorySegment.ofAddress(address));
    }
  }

  @Override
  @SuppressWarnings("restricted")
  public MemorySegment allocatePinned(long bytes) {
    MemorySegment memory = make("hipHostMalloc", bytes, 0);
    pinned.add(memory.address());
    return memory.reinterpret(bytes);
  }

  @Override
  public void freePinned(MemorySegment memory) {
    if (pinned.remove(memory.address())) {
      release("hipHostFree", memory);
    }
  }

  @Override
  public GpuStream newStream() {
    HipStream stream = new HipStream(this, make("hipStreamCreateWithFlags", STREAM_NON_BLOCKING));
    resources.add(stream);
    return stream;
  }

  @Override
  public GpuEvent newEvent() {
    Event event = new Event(make("hipEventCreateWithFlags", EVENT_DISABLE_TIMING));
    resources.add(event);
    return event;
  }

  @Override
  public GpuModule load(byte[] image) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment code = arena.allocate(image.length, 4096);
      MemorySegment.copy(image, 0, code, JAVA_BYTE, 0, image.length);
      Module module = new Module(make("hipModuleLoadData", code));
      resources.add(module);
      return module;
    }
  }

  @Override
  public boolean enablePeer(GpuContext other) {
    int peer = ((HipContext) other).ordinal;
    if (peer == ordinal) {
      return true;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment can = arena.allocate(JAVA_INT);
      call("hipDeviceCanAccessPeer", can, ordinal, peer);
      if (can.get(JAVA_INT, 0) == 0) {
        return false;
      }
      int status = hip.call("hipDeviceEnablePeerAccess", peer, 0);
      return status == 0 || status == PEER_ALREADY_ENABLED;
    }
  }

  @Override
  public void synchronise() {
    call("hipDeviceSynchronize");
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    if (hip.call("hipSetDevice", ordinal) == 0) {
      hip.call("hipDeviceSynchronize");
    }
    for (AutoCloseable resource : Set.copyOf(resources)) {
      switch (resource) {
        case HipStream stream -> stream.close();
        case Event event -> event.close();
        case Module module -> module.close();
        default -> throw new AssertionError(resource);
      }
    }
    Set.copyOf(memories).forEach(this::free);
    Set.copyOf(pinned).forEach(address -> release("hipHostFree", MemorySegment.ofAddress(address)));
    closed = true;
  }

  /** No longer to be given back at the end. */
  void forget(AutoCloseable resource) {
    resources.remove(resource);
  }

  /** A mark in a stream. */
  final class Event implements GpuEvent {
    private final MemorySegment event;

    Event(MemorySegment event) {
      this.event = event;
    }

    MemorySegment handle() {
      return event;
    }

    @Override
    public void synchronise() {
      call("hipEventSynchronize", event);
    }

    @Override
    public void close() {
      if (resources.remove(this)) {
        release("hipEventDestroy", event);
      }
    }
  }

  /** A kernel. */
  record Kernel(MemorySegment function) implements GpuKernel {}

  /** Loaded code. */
  private final class Module implements GpuModule {
    private final MemorySegment module;

    Module(MemorySegment module) {
      this.module = module;
    }

    @Override
    public GpuKernel kernel(String name) {
      try (Arena arena = Arena.ofConfined()) {
        return new Kernel(make("hipModuleGetFunction", module, arena.allocateFrom(name)));
      }
    }

    @Override
    public void close() {
      if (resources.remove(this)) {
        release("hipModuleUnload", module);
      }
    }
  }
}
