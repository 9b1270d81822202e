package dev.lamina.session;

import dev.lamina.LaminaException;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.Limits;
import dev.lamina.features.Backends;
import dev.lamina.model.ModelGraph;
import dev.lamina.placement.Placement;
import dev.lamina.placement.PlacementRequest;
import dev.lamina.placement.Planner;
import dev.lamina.placement.Setbacks;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Plans on the devices of this machine, less those that have failed. A device whose memory did not
 * suffice after all gets another try, with more of it left free.
 */
final class DevicePlacer implements AutoCloseable {
  /** Tries with ever more memory left free before a device is given up. */
  private static final int MEMORY_TRIES = 3;

  /** The part of a device's memory that each further try leaves free. */
  private static final int MEMORY_STEP = 8;

  private final Backends backends;
  private final PlacementRequest request;
  private final Map<String, Integer> outOfMemory = new HashMap<>();
  private final List<String> notes = new ArrayList<>();
  private Setbacks setbacks = Setbacks.NONE;

  DevicePlacer(Backends backends, PlacementRequest request) {
    this.backends = backends;
    this.request = request;
  }

  Placement plan(ModelGraph model, Limits limits) {
    List<Device> devices =
        backends.devices().stream()
            .filter(d -> !isCpu(d) || !setbacks.failed().containsKey(d.info().id()))
            .toList();
    Device cpu =
        devices.stream()
            .filter(DevicePlacer::isCpu)
            .findFirst()
            .orElseThrow(() -> new LaminaException("no device is left: " + reasons()));
    return Planner.plan(model, limits, devices, cpu, request, setbacks).withNotes(notes);
  }

  /** Answers a failure: less work for the device from now on, or none. */
  void exclude(StageFailure failure) {
    DeviceInfo info = failure.device().info();
    boolean memory = failure.failure().kind() == DeviceException.Kind.OUT_OF_MEMORY;
    if (memory
        && !isCpu(failure.device())
        && outOfMemory.merge(info.id(), 1, Integer::sum) <= MEMORY_TRIES) {
      setbacks = setbacks.withScarce(info.id(), info.memoryTotal() / MEMORY_STEP);
      notes.add(
          "%s ran out of memory (%s): placed anew with more of it left free"
              .formatted(info.id(), failure.getMessage()));
    } else if (memory && isCpu(failure.device())) {
      throw new LaminaException(
          "this machine has no memory for the model's work space and its keys and values ("
              + failure.getMessage()
              + "): choose a smaller context (-c), or a smaller type of the cache (-ctk, -ctv)",
          failure);
    } else if (setbacks.failed().containsKey(info.id())) {
      throw new LaminaException(info.id() + " failed again: " + failure.getMessage(), failure);
    } else {
      setbacks = setbacks.withFailed(info.id(), failure.getMessage());
    }
  }

  private String reasons() {
    List<String> all = new ArrayList<>();
    setbacks.failed().forEach((id, why) -> all.add(id + ": " + why));
    return String.join("; ", all);
  }

  private static boolean isCpu(Device device) {
    return device.info().kind() == DeviceInfo.Kind.CPU;
  }

  @Override
  public void close() {
    backends.close();
  }
}
