package dev.lamina.placement;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.features.Backends;
import java.util.List;
import java.util.Map;

/** The GPU devices that a placement would use, for those who only want to know. */
public final class Gpus {
  private Gpus() {}

  /**
   * The devices, the one that is filled first at the end.
   *
   * @throws dev.lamina.LaminaException where the request names a device that is not here
   */
  public static List<DeviceInfo> of(Backends backends, PlacementRequest request) {
    return Candidates.choose(backends.devices(), backends.cpu(), request, Map.of())
        .devices()
        .stream()
        .map(Device::info)
        .toList();
  }
}
