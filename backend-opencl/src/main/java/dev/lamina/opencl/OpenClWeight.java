package dev.lamina.opencl;

import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import java.util.List;
import org.jocl.cl_mem;

/** A weight in one or more buffers: as the kernels want it, or a vector as float32. */
final class OpenClWeight implements Weight {
  private final OpenClDevice device;
  private final TensorSpec spec;
  private final List<Part> parts;
  private final float[] vector;
  private boolean closed;

  /** A buffer with some of the rows. */
  record Part(cl_mem memory, long bytes) {}

  /**
   * @param vector the decoded values of a vector, else null
   */
  OpenClWeight(OpenClDevice device, TensorSpec spec, List<Part> parts, float[] vector) {
    this.device = device;
    this.spec = spec;
    this.parts = List.copyOf(parts);
    this.vector = vector;
  }

  OpenClDevice device() {
    return device;
  }

  cl_mem memory(int part) {
    return parts.get(part).memory;
  }

  float[] vector() {
    return vector;
  }

  @Override
  public TensorSpec spec() {
    return spec;
  }

  @Override
  public long bytes() {
    return parts.stream().mapToLong(Part::bytes).sum();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      parts.forEach(part -> device.free(part.memory, part.bytes));
    }
  }
}
