package dev.lamina.cuda.hip;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.lamina.cuda.driver.GpuContext;
import dev.lamina.cuda.driver.GpuEvent;
import dev.lamina.cuda.driver.GpuGraph;
import dev.lamina.cuda.driver.GpuKernel;
import dev.lamina.cuda.driver.GpuStream;
import dev.lamina.cuda.driver.Grid;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A queue of an AMD card. */
final class HipStream implements GpuStream {
  private static final int HOST_TO_DEVICE = 1;
  private static final int DEVICE_TO_HOST = 2;
  private static final int DEVICE_TO_DEVICE = 3;
  private static final int CAPTURE_THREAD_LOCAL = 1;

  private final HipContext context;
  private final MemorySegment stream;
  private boolean destroyed;

  HipStream(HipContext context, MemorySegment stream) {
    this.context = context;
    this.stream = stream;
  }

  private static MemorySegment at(long address) {
    return MemorySegment.ofAddress(address);
  }

  @Override
  public void copyIn(long to, MemorySegment source) {
    context.call("hipMemcpyAsync", at(to), source, source.byteSize(), HOST_TO_DEVICE, stream);
  }

  @Override
  public void copyOut(MemorySegment target, long from) {
    context.call("hipMemcpyAsync", target, at(from), target.byteSize(), DEVICE_TO_HOST, stream);
  }

  @Override
  public void copy(long to, long from, long bytes) {
    context.call("hipMemcpyAsync", at(to), at(from), bytes, DEVICE_TO_DEVICE, stream);
  }

  @Override
  public void copyToPeer(GpuContext peer, long to, long from, long bytes) {
    context.call(
        "hipMemcpyPeerAsync",
        at(to),
        ((HipContext) peer).ordinal(),
        at(from),
        context.ordinal(),
        bytes,
        stream);
  }

  @Override
  public void fill(long to, byte value, long bytes) {
    context.call("hipMemsetAsync", at(to), (int) value, bytes, stream);
  }

  @Override
  public void launch(GpuKernel kernel, Grid grid, int sharedBytes, long[] arguments) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(JAVA_LONG, Math.max(1, arguments.length));
      MemorySegment places = arena.allocate(ADDRESS, Math.max(1, arguments.length));
      for (int i = 0; i < arguments.length; i++) {
        values.setAtIndex(JAVA_LONG, i, arguments[i]);
        places.setAtIndex(ADDRESS, i, values.asSlice((long) Long.BYTES * i));
      }
      context.call(
          "hipModuleLaunchKernel",
          ((HipContext.Kernel) kernel).function(),
          grid.x(),
          grid.y(),
          grid.z(),
          grid.threadsX(),
          grid.threadsY(),
          1,
          sharedBytes,
          stream,
          places,
          MemorySegment.NULL);
    }
  }

  @Override
  public void launch(GpuGraph graph) {
    context.call("hipGraphLaunch", ((Graph) graph).exec, stream);
  }

  @Override
  public void beginCapture() {
    context.call("hipStreamBeginCapture", stream, CAPTURE_THREAD_LOCAL);
  }

  @Override
  public GpuGraph endCapture() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment graph = arena.allocate(ADDRESS);
      context.call("hipStreamEndCapture", stream, graph);
      MemorySegment exec = arena.allocate(ADDRESS);
      try {
        context.call(
            "hipGraphInstantiate",
            exec,
            graph.get(ADDRESS, 0),
            MemorySegment.NULL,
            MemorySegment.NULL,
            0L);
      } finally {
        context.release("hipGraphDestroy", graph.get(ADDRESS, 0));
      }
      return new Graph(exec.get(ADDRESS, 0));
    }
  }

  @Override
  public void record(GpuEvent event) {
    context.call("hipEventRecord", ((HipContext.Event) event).handle(), stream);
  }

  @Override
  public void await(GpuEvent event) {
    context.call("hipStreamWaitEvent", stream, ((HipContext.Event) event).handle(), 0);
  }

  @Override
  public void synchronise() {
    context.call("hipStreamSynchronize", stream);
  }

  @Override
  public void close() {
    if (!destroyed) {
      destroyed = true;
      context.forget(this);
      context.release("hipStreamDestroy", stream);
    }
  }

  /** Recorded work. */
  private final class Graph implements GpuGraph {
    private final MemorySegment exec;
    private boolean gone;

    Graph(MemorySegment exec) {
      this.exec = exec;
    }

    @Override
    public void close() {
      if (!gone) {
        gone = true;
        context.release("hipGraphExecDestroy", exec);
      }
    }
  }
}
