package dev.lamina.features;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import java.util.List;
import java.util.Optional;

/**
 * A backend of this build and what the search for its devices gave.
 *
 * @param name the provider's name in lower case, or a guess at it where the provider did not load
 * @param capabilities what its kernels can do; empty where the provider did not load
 * @param devices the devices found, best first
 * @param reasons why there are none, or why some were left out; whole sentences
 */
public record FoundBackend(
    String name, Optional<Capabilities> capabilities, List<Device> devices, List<String> reasons) {
  public FoundBackend {
    devices = List.copyOf(devices);
    reasons = List.copyOf(reasons);
  }
}
