package dev.lamina.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.jocl.cl_event;
import org.jocl.cl_mem;

/**
 * The way between the host's memory and the device's. What goes into memory that kernels may be
 * using is sent to a piece of its own at once, and copied from there in its turn: the host waits
 * for its own bytes and never for the kernels.
 */
final class Staging {
  /** Large enough for the bus, small enough for the caches. */
  private static final int MOST_BYTES = 4 << 20;

  private static final int LEAST_BYTES = 16 << 10;

  private static final int MEMORY_PAGE = 4096;

  /** Pieces in turn. */
  private static final int PIECES = 4;

  private final Connection connection;
  private final Piece[] pieces = new Piece[PIECES];
  private MemorySegment host = MemorySegment.NULL;
  private int next;

  Staging(Connection connection) {
    this.connection = connection;
  }

  /** Memory of the device from which copies are made. */
  private static final class Piece {
    private final cl_mem memory;
    private final long bytes;
    private cl_event copied;

    Piece(cl_mem memory, long bytes) {
      this.memory = memory;
      this.bytes = bytes;
    }
  }

  /** Enqueues a copy of {@code source}, which may be reused on return. */
  void write(cl_mem to, long offset, MemorySegment source) {
    for (long done = 0; done < source.byteSize(); done += MOST_BYTES) {
      long bytes = Math.min(MOST_BYTES, source.byteSize() - done);
      MemorySegment part = source.asSlice(done, bytes);
      write(to, offset + done, bytes, memory -> memory.copyFrom(part));
    }
  }

  /** Enqueues a copy of so many bytes that {@code fill} puts into the memory it is given. */
  void write(cl_mem to, long offset, long bytes, Consumer<MemorySegment> fill) {
    MemorySegment filled = host(bytes);
    fill.accept(filled);
    next = (next + 1) % PIECES;
    Piece piece = pieces[next];
    if (piece != null && piece.copied != null) {
      settle(piece);
    }
    if (piece == null || piece.bytes < bytes) {
      pieces[next] = null;
      free(piece);
      long size = atLeast(bytes);
      piece = new Piece(connection.allocate(size, "a copy on its way"), size);
      pieces[next] = piece;
    }
    connection.upload(piece.memory, 0, filled);
    piece.copied = connection.copyWithEvent(piece.memory, to, offset, bytes);
  }

  private void settle(Piece piece) {
    cl_event event = piece.copied;
    piece.copied = null;
    if (connection.isDone(event)) {
      connection.release(event);
    } else {
      connection.synchronise(event);
    }
  }

  /**
   * Copies to memory that nothing enqueued uses, a weight's for instance. While the device takes
   * one part of a file, the next is read from the disk.
   */
  void upload(cl_mem to, MemorySegment source) {
    CompletableFuture<Void> read = CompletableFuture.completedFuture(null);
    for (long done = 0; done < source.byteSize(); done += MOST_BYTES) {
      MemorySegment part = source.asSlice(done, Math.min(MOST_BYTES, source.byteSize() - done));
      // Not by the driver, in which a file that has become shorter would end the process.
      join(read);
      long after = done + MOST_BYTES;
      if (source.isMapped() && after < source.byteSize()) {
        MemorySegment following =
            source.asSlice(after, Math.min(MOST_BYTES, source.byteSize() - after));
        read = CompletableFuture.runAsync(() -> touch(following));
      }
      if (done == 0) {
        touch(part);
      }
      connection.upload(to, done, part.isNative() ? part : host(part.byteSize()).copyFrom(part));
    }
  }

  private static void join(CompletableFuture<Void> read) {
    try {
      read.join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw e;
      }
    }
  }

  private static void touch(MemorySegment memory) {
    for (long at = 0; at < memory.byteSize(); at += MEMORY_PAGE) {
      memory.get(ValueLayout.JAVA_BYTE, at);
    }
  }

  /** Waits for what was enqueued before, then fills {@code target}. */
  void read(cl_mem from, long offset, MemorySegment target) {
    for (long done = 0; done < target.byteSize(); done += MOST_BYTES) {
      long bytes = Math.min(MOST_BYTES, target.byteSize() - done);
      MemorySegment copy = host(bytes);
      connection.read(from, offset + done, copy);
      target.asSlice(done, bytes).copyFrom(copy);
    }
  }

  /** Memory of the host that stays as long as anybody, a driver's late answer too, knows of it. */
  private MemorySegment host(long bytes) {
    if (host.byteSize() < bytes) {
      host = Arena.ofAuto().allocate(atLeast(bytes), 64);
    }
    return host.asSlice(0, bytes);
  }

  private static long atLeast(long bytes) {
    return Math.max(LEAST_BYTES, Long.highestOneBit(Math.max(1, bytes - 1)) << 1);
  }

  private void free(Piece piece) {
    if (piece != null) {
      if (piece.copied != null) {
        connection.release(piece.copied);
      }
      connection.free(piece.memory, piece.bytes);
    }
  }

  void close() {
    for (int i = 0; i < PIECES; i++) {
      free(pieces[i]);
      pieces[i] = null;
    }
  }
}
