package dev.lamina.placement;

import dev.lamina.placement.Placement.DeviceUse;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The lines that tell a placement to people. */
final class Summary {
  private Summary() {}

  static List<String> of(Placement placement) {
    List<String> lines = new ArrayList<>();
    int output = placement.layers().size() - 1;
    for (DeviceUse use : placement.devices()) {
      if (use.bytes() > 0) {
        lines.add(line(placement, use, output));
      }
    }
    Map<String, List<Integer>> stay = new LinkedHashMap<>();
    for (LayerPlacement layer : placement.layers()) {
      if (isNews(placement, layer.reason().kind())) {
        stay.computeIfAbsent(layer.reason().text(), t -> new ArrayList<>()).add(layer.layer());
      }
    }
    stay.forEach((reason, layers) -> lines.add(slots(layers, output) + " on the CPU: " + reason));
    lines.addAll(placement.notes());
    return lines;
  }

  /**
   * Whether the user should read why: a machine without GPUs needs no word on that unless asked.
   */
  private static boolean isNews(Placement placement, Reason.Kind kind) {
    return switch (kind) {
      case PLACED -> false;
      case NO_DEVICE -> !(placement.requested() instanceof GpuLayers.Auto);
      case NOT_ASKED, DEVICE_FAILED, UNSUPPORTED, RULE, MEMORY, KV_ON_HOST, NOT_WORTH_IT -> true;
    };
  }

  private static String line(Placement placement, DeviceUse use, int output) {
    List<Integer> own = new ArrayList<>();
    for (LayerPlacement layer : placement.layers()) {
      if (layer.device() == use.device()) {
        own.add(layer.layer());
      }
    }
    String memory =
        Bytes.text(use.weightBytes())
            + " weights, "
            + Bytes.text(use.kvBytes())
            + " KV, "
            + Bytes.text(use.workBytes())
            + " work";
    if (!Placement.isCpu(use.device())) {
      memory += " of " + Bytes.text(use.freeBytes()) + " free";
    }
    return use.device().info().id()
        + " ("
        + use.device().info().description()
        + "): "
        + (own.isEmpty() ? "the embedding lookup" : slots(own, output))
        + "; "
        + memory;
  }

  /** Such as {@code layers 0-3, 7 and the output}; the numbers ascend. */
  static String slots(List<Integer> slots, int output) {
    List<String> ranges = new ArrayList<>();
    int count = 0;
    for (int i = 0; i < slots.size() && slots.get(i) < output; ) {
      int j = i;
      while (j + 1 < slots.size()
          && slots.get(j + 1) == slots.get(j) + 1
          && slots.get(j + 1) < output) {
        j++;
      }
      ranges.add(i == j ? "" + slots.get(i) : slots.get(i) + "-" + slots.get(j));
      count += j - i + 1;
      i = j + 1;
    }
    String layers =
        count == 0 ? "" : (count == 1 ? "layer " : "layers ") + String.join(", ", ranges);
    boolean withOutput = !slots.isEmpty() && slots.getLast() == output;
    return !withOutput ? layers : count == 0 ? "the output" : layers + " and the output";
  }
}
