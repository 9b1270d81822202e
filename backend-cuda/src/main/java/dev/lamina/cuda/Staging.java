package dev.lamina.cuda;

import dev.lamina.cuda.driver.GpuContext;
import dev.lamina.cuda.driver.GpuEvent;
import dev.lamina.cuda.driver.GpuStream;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/**
 * A ring of page-locked pieces through which host memory goes to the card: while one is copied by
 * the card, the next is filled.
 */
final class Staging {
  private static final int PIECES = 4;
  private static final long PIECE_BYTES = 4L << 20;

  /** Copies on the host of more bytes than this are shared among threads. */
  private static final long PARALLEL_FROM = 1 << 20;

  private static final int PARALLEL_BYTES = 256 << 10;

  private final GpuContext context;
  private final GpuStream stream;
  private final MemorySegment[] pieces = new MemorySegment[PIECES];
  private final GpuEvent[] free = new GpuEvent[PIECES];
  private int next;

  Staging(GpuContext context, GpuStream stream) {
    this.context = context;
    this.stream = stream;
  }

  /** Enqueues a copy to the card; {@code source} has been read on return. */
  void write(long to, MemorySegment source) {
    for (long done = 0; done < source.byteSize(); done += PIECE_BYTES) {
      long n = Math.min(PIECE_BYTES, source.byteSize() - done);
      int i = take();
      MemorySegment piece = pieces[i].asSlice(0, n);
      copy(source.asSlice(done, n), piece);
      stream.copyIn(to + done, piece);
      stream.record(free[i]);
    }
  }

  /** Waits for what was enqueued before, then copies from the card. */
  void read(MemorySegment target, long from) {
    if (target.byteSize() == 0) {
      stream.synchronise();
    }
    for (long done = 0; done < target.byteSize(); done += PIECE_BYTES) {
      long n = Math.min(PIECE_BYTES, target.byteSize() - done);
      MemorySegment piece = pieces[take()].asSlice(0, n);
      stream.copyOut(piece, from + done);
      stream.synchronise();
      copy(piece, target.asSlice(done, n));
    }
  }

  private static void copy(MemorySegment from, MemorySegment to) {
    long bytes = from.byteSize();
    if (bytes < PARALLEL_FROM || !from.isNative()) {
      to.copyFrom(from);
      return;
    }
    IntStream.range(0, Math.toIntExact(Math.ceilDiv(bytes, (long) PARALLEL_BYTES)))
        .parallel()
        .forEach(
            i -> {
              long at = (long) i * PARALLEL_BYTES;
              long n = Math.min(PARALLEL_BYTES, bytes - at);
              to.asSlice(at, n).copyFrom(from.asSlice(at, n));
            });
  }

  /** A piece that nothing reads any more. */
  private int take() {
    int i = next;
    next = (next + 1) % PIECES;
    if (pieces[i] == null) {
      free[i] = context.newEvent();
      pieces[i] = context.allocatePinned(PIECE_BYTES);
    } else {
      free[i].synchronise();
    }
    return i;
  }
}
