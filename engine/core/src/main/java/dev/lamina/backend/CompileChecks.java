package dev.lamina.backend;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/** What every device checks before it compiles a graph. */
public final class CompileChecks {
  private CompileChecks() {}

  /**
   * A graph's weights as a device has loaded them.
   *
   * @param type the device's own weights
   * @param own which of these it can read
   * @throws IllegalArgumentException where one is missing, of another device or closed
   */
  public static <W extends Weight> Map<TensorSpec, W> weights(
      Graph graph, Map<TensorSpec, Weight> weights, Class<W> type, Predicate<W> own) {
    Map<TensorSpec, W> loaded = new HashMap<>();
    for (TensorSpec spec : graph.weights()) {
      Weight weight = weights.get(spec);
      if (!type.isInstance(weight) || !own.test(type.cast(weight))) {
        throw new IllegalArgumentException(spec.name() + " is not loaded on this device");
      }
      loaded.put(spec, type.cast(weight));
    }
    return loaded;
  }

  /**
   * Holds a device to what it says of a graph's ops.
   *
   * @throws DeviceException ({@code UNSUPPORTED}) with the reason why one of them does not run
   */
  public static void support(Device device, Graph graph) {
    for (Op op : graph.ops()) {
      if (device.supports(op) instanceof Support.No no) {
        throw new DeviceException(DeviceException.Kind.UNSUPPORTED, no.reason());
      }
    }
  }
}
