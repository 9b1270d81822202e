package dev.lamina.cuda;

import dev.lamina.cuda.driver.GpuContext;
import dev.lamina.cuda.driver.GpuEvent;
import dev.lamina.cuda.driver.GpuStream;
import java.lang.foreign.MemorySegment;

/** Page-locked places for the data of steps, so that one can be written while others wait. */
final class StepRing implements AutoCloseable {
  private static final int PLACES = 4;

  private final GpuContext context;
  private final GpuStream stream;
  private final long bytes;
  private final GpuEvent[] read = new GpuEvent[PLACES];
  private final MemorySegment memory;
  private int next;

  StepRing(GpuContext context, GpuStream stream, long bytes) {
    this.context = context;
    this.stream = stream;
    this.bytes = bytes;
    memory = context.allocatePinned(PLACES * bytes);
    for (int i = 0; i < PLACES; i++) {
      read[i] = context.newEvent();
    }
  }

  /** The place for the next step. */
  MemorySegment take() {
    read[next].synchronise();
    return place();
  }

  private MemorySegment place() {
    return memory.asSlice(next * bytes, bytes);
  }

  /** Enqueues the copy of what was written to the place taken last. */
  void send(long to) {
    stream.copyIn(to, place());
    stream.record(read[next]);
    next = (next + 1) % PLACES;
  }

  @Override
  public void close() {
    for (GpuEvent event : read) {
      event.close();
    }
    context.freePinned(memory);
  }
}
