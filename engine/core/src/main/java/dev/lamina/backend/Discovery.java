package dev.lamina.backend;

import java.util.List;

/**
 * What a search for devices found.
 *
 * @param devices the devices, best first; the caller closes them
 * @param reasons why there are none, or why some that exist were left out: whole sentences such as
 *     {@code libcuda.so.1 not found: install the NVIDIA driver}
 */
public record Discovery(List<Device> devices, List<String> reasons) {
  public Discovery {
    devices = List.copyOf(devices);
    reasons = List.copyOf(reasons);
  }

  public static Discovery none(String reason) {
    return new Discovery(List.of(), List.of(reason));
  }
}
