package dev.lamina.vulkan;

import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;

/**
 * A weight in device memory.
 *
 * <p>Matrices and tables lie as {@link WeightLayout} says, vectors as float32.
 */
final class VulkanWeight implements Weight, Resource {
  private final VulkanDevice device;
  private final TensorSpec spec;
  private final WeightLayout layout;
  private final Memory memory;

  /** The values of a vector, as the host needs those of rotary embeddings; null for others. */
  private final float[] vector;

  private boolean closed;

  VulkanWeight(
      VulkanDevice device, TensorSpec spec, WeightLayout layout, Memory memory, float[] vector) {
    this.device = device;
    this.spec = spec;
    this.layout = layout;
    this.memory = memory;
    this.vector = vector;
  }

  @Override
  public TensorSpec spec() {
    return spec;
  }

  @Override
  public long bytes() {
    return memory.bytes();
  }

  WeightLayout layout() {
    return layout;
  }

  long address() {
    return memory.address();
  }

  /** Where the scale plane is; the main plane itself where the type has none. */
  long scaleAddress() {
    return memory.address() + (layout.scaleBytes() == 0 ? 0 : layout.scalePlaneAt());
  }

  float[] vector() {
    return vector;
  }

  VulkanDevice device() {
    return device;
  }

  boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    if (!closed) {
      device.release(this);
      destroy();
    }
  }

  @Override
  public void destroy() {
    if (!closed) {
      closed = true;
      memory.free();
    }
  }
}
