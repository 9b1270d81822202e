package dev.lamina.placement;

import dev.lamina.backend.Device;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a model's layers run, and why there.
 *
 * @param requested what was asked for
 * @param embedding the device that looks up the embeddings: always a CPU device, since the lookup
 *     reads a few rows of a large table
 * @param stages the stages in the order in which a token passes through them; together they hold
 *     every layer once, and the last one holds the output
 * @param layers a line for every layer, and one for the output
 * @param devices how the memory of each device that could be used is spent, the CPU included
 * @param notes what the user should know: devices that failed, flags without effect; whole
 *     sentences
 */
public record Placement(
    GpuLayers requested,
    Device embedding,
    List<Stage> stages,
    List<LayerPlacement> layers,
    List<DeviceUse> devices,
    List<String> notes) {
  /**
   * How a device is used.
   *
   * @param device the device
   * @param layers layers on it, the output not counted
   * @param output whether the output is on it
   * @param weightBytes bytes of weights (on the CPU most of them are the file's mapping)
   * @param kvBytes bytes of KV pages
   * @param workBytes bytes of activations, scratch and step data
   * @param freeBytes bytes that were free before
   * @param marginBytes bytes of them that are left free
   */
  public record DeviceUse(
      Device device,
      int layers,
      boolean output,
      long weightBytes,
      long kvBytes,
      long workBytes,
      long freeBytes,
      long marginBytes) {
    /** All bytes together. */
    public long bytes() {
      return weightBytes + kvBytes + workBytes;
    }
  }

  public Placement {
    stages = List.copyOf(stages);
    layers = List.copyOf(layers);
    devices = List.copyOf(devices);
    notes = List.copyOf(notes);
  }

  /** The number of layers that are not on a CPU device, the output counted as one. */
  public int offloaded() {
    return (int) layers.stream().filter(l -> !isCpu(l.device())).count();
  }

  /** The placement of one layer; the model's number of layers asks for the output. */
  public LayerPlacement layer(int layer) {
    return layers.get(layer);
  }

  /** The placement in a few lines for people: what went where, and why not more. */
  public List<String> summary() {
    return Summary.of(this);
  }

  /** The same with further notes behind its own. */
  public Placement withNotes(List<String> more) {
    List<String> all = new ArrayList<>(notes);
    all.addAll(more);
    return new Placement(requested, embedding, stages, layers, devices, all);
  }

  static boolean isCpu(Device device) {
    return device.info().kind() == dev.lamina.backend.DeviceInfo.Kind.CPU;
  }
}
