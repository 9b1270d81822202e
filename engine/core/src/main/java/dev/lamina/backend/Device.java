package dev.lamina.backend;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;

/**
 * One device: an in-order queue with memory of its own. Used by one thread at a time. Every method
 * may throw {@link DeviceException}, after which the engine closes what it holds of the device and
 * goes on without it; {@link #close} then must still return.
 *
 * <p>Closing a device frees everything that was made on it; closing that afterwards, and closing
 * anything twice, does nothing. Any other use of what is closed is an {@link
 * IllegalStateException}.
 */
public interface Device extends AutoCloseable {
  /**
   * What is known of the device, its free memory as of now. Does not throw once {@link
   * BackendProvider#discover} has returned the device: one that is lost or closed says what it knew
   * last.
   */
  DeviceInfo info();

  /**
   * What this device can do of its backend's {@link Capabilities}. Asked for every op before
   * anything is placed.
   */
  Support supports(Op op);

  /**
   * Makes a weight resident, in whatever layout the device's kernels want.
   *
   * @param spec name, type and shape
   * @param data the tensor's bytes as the file has them, mapped; the device may keep a reference
   *     (the mapping outlives the weight)
   */
  Weight load(TensorSpec spec, MemorySegment data);

  /** Bytes of device memory that {@link #load} will take for this weight. */
  default long weightBytes(TensorSpec spec) {
    return spec.bytes();
  }

  /**
   * Bytes of device memory that a program takes beside weights and KV pages: activations, scratch,
   * step data.
   */
  long workBytes(Graph graph, Limits limits);

  Buffer allocate(long bytes);

  /**
   * Compiles a graph to something that is submitted in one call. The program owns its KV pages,
   * activations and scratch, allocated here.
   *
   * @param weights a loaded weight for every {@link TensorSpec} in the graph
   */
  Program compile(Graph graph, Map<TensorSpec, Weight> weights, Limits limits);

  /**
   * Measures the hardware; takes about a second. Empty where this device has no measurement of its
   * own.
   */
  default Optional<DeviceSpeed> measureSpeed() {
    return Optional.empty();
  }

  /** Threads of this machine's processor that it computes with; 0 where it is no processor. */
  default int threads() {
    return 0;
  }

  /** What it has been asked to do so far. Empty where it does not count. */
  default Optional<DeviceCounters> workDone() {
    return Optional.empty();
  }

  @Override
  void close();
}
