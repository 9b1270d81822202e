package dev.lamina.placement;

import dev.lamina.backend.Device;
import dev.lamina.backend.Graph;
import dev.lamina.model.ModelGraph;

/**
 * Neighbouring layers that run on one device, as one program.
 *
 * @param device where they run
 * @param first the first layer
 * @param end one more than the last layer; {@code first == end} where the stage is the output alone
 * @param output whether the model's output follows
 * @param weightBytes bytes that the weights take on the device
 * @param kvBytes bytes of the KV pages
 * @param workBytes bytes of activations, scratch and step data
 */
public record Stage(
    Device device,
    int first,
    int end,
    boolean output,
    long weightBytes,
    long kvBytes,
    long workBytes) {
  /** The number of layers, the output not counted. */
  public int layers() {
    return end - first;
  }

  public String deviceId() {
    return device.info().id();
  }

  /** All bytes together. */
  public long bytes() {
    return weightBytes + kvBytes + workBytes;
  }

  /** What the stage computes. */
  public Graph graph(ModelGraph model) {
    return model.stage(first, end, output);
  }
}
