package dev.lamina.placement;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What went wrong with devices since a model was first placed, by the ids of the devices.
 *
 * @param failed why a device must not be used again; in the order in which they failed
 * @param scarce bytes to leave free on a device beside the usual margin, as its memory did not
 *     suffice when it was placed by its own word
 */
public record Setbacks(Map<String, String> failed, Map<String, Long> scarce) {
  /** Nothing went wrong. */
  public static final Setbacks NONE = new Setbacks(Map.of(), Map.of());

  public Setbacks {
    failed = new LinkedHashMap<>(failed);
    scarce = Map.copyOf(scarce);
  }

  /** These, and a device that failed. */
  public Setbacks withFailed(String deviceId, String why) {
    Map<String, String> more = new LinkedHashMap<>(failed);
    more.put(deviceId, why);
    return new Setbacks(more, scarce);
  }

  /** These, and a device on which so many more bytes must be left free. */
  public Setbacks withScarce(String deviceId, long bytes) {
    Map<String, Long> more = new LinkedHashMap<>(scarce);
    more.merge(deviceId, bytes, Long::sum);
    return new Setbacks(failed, more);
  }

  long scarceBytes(String deviceId) {
    return scarce.getOrDefault(deviceId, 0L);
  }
}
