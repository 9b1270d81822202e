package dev.lamina.opencl;

import dev.lamina.backend.TensorSpec;
import dev.lamina.shaders.CardKernels;
import dev.lamina.shaders.IntegerFormat;
import dev.lamina.shaders.Kernel;
import java.lang.foreign.MemorySegment;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;

/**
 * Brings rows of weights into the layout of cards: they come as the file has them, some at a time,
 * and the device takes the heads of their blocks apart. The host does not wait for it.
 */
final class HeadsApart {
  /** Bytes of a weight that are rearranged at a time. */
  private static final long BYTES = 16L << 20;

  private final OpenClDevice device;
  private final Connection connection;
  private final Kernel kernel = CardKernels.headsApart();
  private final cl_kernel made;
  private cl_mem memory;
  private long bytes;

  HeadsApart(OpenClDevice device) {
    this.device = device;
    connection = device.connection();
    made = device.programs().kernel(kernel);
  }

  /** Enqueues it for whole rows. */
  void load(TensorSpec spec, IntegerFormat layout, MemorySegment source, cl_mem to) {
    long rowBytes = spec.type().rowBytes(spec.cols());
    long rows = source.byteSize() / rowBytes;
    long each = Math.clamp(BYTES / rowBytes, 1, rows);
    room(Math.max(BYTES, rowBytes));
    int[] numbers = {
      spec.cols() / spec.type().blockSize(),
      spec.type().blockBytes(),
      layout.headAt(),
      layout.headBytes(),
      Math.toIntExact(layout.rowBytes(spec.type(), spec.cols())),
      0
    };
    set(0, Sizeof.cl_mem, Pointer.to(memory));
    set(1, Sizeof.cl_mem, Pointer.to(to));
    for (long row = 0; row < rows; row += each) {
      long some = Math.min(each, rows - row);
      device.staging().write(memory, 0, source.asSlice(row * rowBytes, some * rowBytes));
      numbers[numbers.length - 1] = (int) row;
      for (int i = 0; i < numbers.length; i++) {
        set(2 + i, Sizeof.cl_int, Pointer.to(new int[] {numbers[i]}));
      }
      connection.launch(
          made,
          new long[] {some * kernel.itemsX(), 1, 1},
          new long[] {kernel.itemsX(), 1, 1},
          kernel.entry());
    }
  }

  private void room(long needed) {
    if (bytes < needed) {
      free();
      memory = connection.allocate(needed, "weights on their way");
      bytes = needed;
    }
  }

  private void set(int index, long size, Pointer value) {
    connection.check(
        CL.clSetKernelArg(made, index, size, value), "argument " + index + " of " + kernel.entry());
  }

  private void free() {
    if (memory != null) {
      connection.free(memory, bytes);
      memory = null;
      bytes = 0;
    }
  }

  void close() {
    free();
    if (connection.isUsable()) {
      CL.clReleaseKernel(made);
    }
  }
}
