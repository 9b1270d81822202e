package dev.lamina.app.bench;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceCounters;
import dev.lamina.placement.Placement;
import dev.lamina.placement.Stage;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What the devices that count their work were asked to do per token: pieces of work handed over,
 * waits, kernels, bytes copied to the device and from it.
 */
public record DeviceWork(
    double submissions,
    double synchronisations,
    double dispatches,
    double bytesIn,
    double bytesOut) {

  /** The counters of every device of a placement that has some, by its id. */
  static Map<String, DeviceCounters> read(Placement placement) {
    Map<String, DeviceCounters> counters = new LinkedHashMap<>();
    for (Stage stage : placement.stages()) {
      Device device = stage.device();
      device.workDone().ifPresent(work -> counters.put(stage.deviceId(), work));
    }
    return counters;
  }

  static DeviceWork perToken(DeviceCounters work, long tokens) {
    return new DeviceWork(
        work.submissions() / (double) tokens,
        work.synchronisations() / (double) tokens,
        work.dispatches() / (double) tokens,
        work.bytesIn() / (double) tokens,
        work.bytesOut() / (double) tokens);
  }

  /** The record's keys and values, as reports print them. */
  Map<String, Object> record() {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("submissions", submissions);
    out.put("waits", synchronisations);
    out.put("kernels", dispatches);
    out.put("bytes_in", bytesIn);
    out.put("bytes_out", bytesOut);
    return out;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%.4g submissions, %.4g waits, %.4g kernels, %.1f KiB in, %.1f KiB out a token",
        submissions,
        synchronisations,
        dispatches,
        bytesIn / 1024,
        bytesOut / 1024);
  }
}
