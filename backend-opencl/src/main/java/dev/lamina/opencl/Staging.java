package dev.lamina.opencl;

import static org.jocl.CL.CL_MAP_READ;
import static org.jocl.CL.CL_MAP_WRITE;
import static org.jocl.CL.CL_MEM_ALLOC_HOST_PTR;
import static org.jocl.CL.CL_MEM_READ_WRITE;
import static org.jocl.CL.clCreateBuffer;
import static org.jocl.CL.clEnqueueMapBuffer;
import static org.jocl.CL.clEnqueueUnmapMemObject;
import static org.jocl.CL.clReleaseMemObject;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jocl.Pointer;
import org.jocl.cl_event;
import org.jocl.cl_mem;

/**
 * Host memory that the device copies from and to by itself (pinned, where the driver pins it): the
 * host fills one piece while the device takes another. Nobody waits but for a piece that is still
 * being taken.
 */
final class Staging {
  /** Large enough for the bus, small enough for the caches. */
  private static final int MOST_BYTES = 4 << 20;

  private static final int LEAST_BYTES = 64 << 10;

  /** Pieces in turn. */
  private static final int PIECES = 4;

  private final Connection connection;
  private final Piece[] pieces = new Piece[PIECES];
  private Piece back;
  private int next;

  Staging(Connection connection) {
    this.connection = connection;
  }

  /** Mapped for good. */
  private static final class Piece {
    private final cl_mem memory;
    private final ByteBuffer mapped;
    private cl_event taken;

    Piece(cl_mem memory, ByteBuffer mapped) {
      this.memory = memory;
      this.mapped = mapped;
    }
  }

  /** Enqueues a copy of {@code source}, which may be reused on return. */
  void write(cl_mem to, long offset, MemorySegment source) {
    for (long done = 0; done < source.byteSize(); done += MOST_BYTES) {
      int bytes = (int) Math.min(MOST_BYTES, source.byteSize() - done);
      MemorySegment part = source.asSlice(done, bytes);
      write(to, offset + done, bytes, memory -> memory.copyFrom(part));
    }
  }

  /** Enqueues a copy of so many bytes that {@code fill} puts into the memory it is given. */
  void write(cl_mem to, long offset, long bytes, Consumer<MemorySegment> fill) {
    next = (next + 1) % PIECES;
    Piece piece = pieces[next];
    if (piece != null && piece.taken != null) {
      settle(piece);
    }
    if (piece == null || piece.mapped.capacity() < bytes) {
      pieces[next] = null;
      free(piece);
      piece = make(bytes);
      pieces[next] = piece;
    }
    fill.accept(MemorySegment.ofBuffer(piece.mapped).asSlice(0, bytes));
    piece.taken = connection.write(to, offset, Pointer.to(piece.mapped), bytes);
  }

  private void settle(Piece piece) {
    cl_event event = piece.taken;
    piece.taken = null;
    if (connection.isDone(event)) {
      connection.release(event);
    } else {
      connection.synchronise(event);
    }
  }

  /** Waits for what was enqueued before, then fills {@code target}. */
  void read(cl_mem from, long offset, MemorySegment target) {
    for (long done = 0; done < target.byteSize(); done += MOST_BYTES) {
      int bytes = (int) Math.min(MOST_BYTES, target.byteSize() - done);
      if (back == null || back.mapped.capacity() < bytes) {
        Piece small = back;
        back = null;
        free(small);
        back = make(bytes);
      }
      connection.read(from, offset + done, Pointer.to(back.mapped), bytes);
      target.asSlice(done, bytes).copyFrom(MemorySegment.ofBuffer(back.mapped).asSlice(0, bytes));
    }
  }

  private Piece make(long bytes) {
    connection.checkAlive();
    long size = Math.max(LEAST_BYTES, Long.highestOneBit(Math.max(1, bytes - 1)) << 1);
    int[] status = new int[1];
    cl_mem memory =
        clCreateBuffer(
            connection.context(), CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, size, null, status);
    connection.check(status[0], "allocating " + size + " bytes of the host's memory");
    ByteBuffer mapped =
        clEnqueueMapBuffer(
            connection.queue(),
            memory,
            true,
            CL_MAP_READ | CL_MAP_WRITE,
            0,
            size,
            0,
            null,
            null,
            status);
    connection.check(status[0], "mapping " + size + " bytes of the host's memory");
    return new Piece(memory, mapped);
  }

  private void free(Piece piece) {
    if (piece != null && connection.isUsable()) {
      if (piece.taken != null) {
        connection.release(piece.taken);
      }
      clEnqueueUnmapMemObject(connection.queue(), piece.memory, piece.mapped, 0, null, null);
      clReleaseMemObject(piece.memory);
    }
  }

  void close() {
    for (int i = 0; i < PIECES; i++) {
      free(pieces[i]);
      pieces[i] = null;
    }
    free(back);
    back = null;
  }
}
