package dev.lamina.session;

import dev.lamina.LaminaException;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.Limits;
import dev.lamina.features.Backends;
import dev.lamina.model.ModelGraph;
import dev.lamina.placement.Placement;
import dev.lamina.placement.PlacementRequest;
import dev.lamina.placement.Planner;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Plans on the devices of this machine, less those that have failed. */
final class DevicePlacer implements AutoCloseable {
  private final Backends backends;
  private final PlacementRequest request;
  private final Map<String, String> failed = new LinkedHashMap<>();

  DevicePlacer(Backends backends, PlacementRequest request) {
    this.backends = backends;
    this.request = request;
  }

  Placement plan(ModelGraph model, Limits limits) {
    List<Device> devices =
        backends.devices().stream()
            .filter(d -> !isCpu(d) || !failed.containsKey(d.info().id()))
            .toList();
    Device cpu =
        devices.stream()
            .filter(DevicePlacer::isCpu)
            .findFirst()
            .orElseThrow(() -> new LaminaException("no device is left: " + reasons()));
    return Planner.plan(model, limits, devices, cpu, request, failed);
  }

  /** Leaves a device out from now on. */
  void exclude(StageFailure failure) {
    String id = failure.device().info().id();
    if (failed.putIfAbsent(id, failure.getMessage()) != null) {
      throw new LaminaException(id + " failed again: " + failure.getMessage(), failure);
    }
  }

  private String reasons() {
    StringBuilder text = new StringBuilder();
    failed.forEach(
        (id, why) -> text.append(text.isEmpty() ? "" : "; ").append(id).append(": ").append(why));
    return text.toString();
  }

  private static boolean isCpu(Device device) {
    return device.info().kind() == DeviceInfo.Kind.CPU;
  }

  Backends backends() {
    return backends;
  }

  @Override
  public void close() {
    backends.close();
  }
}
