package dev.lamina.backend;

/**
 * What a device has been asked to do since it was opened, for those who look for what costs time.
 *
 * @param submissions pieces of work handed to the device
 * @param synchronisations waits for it
 * @param dispatches kernels run
 * @param bytesIn bytes copied to it
 * @param bytesOut bytes copied from it
 */
public record DeviceCounters(
    long submissions, long synchronisations, long dispatches, long bytesIn, long bytesOut) {
  /** What has been added since {@code before}. */
  public DeviceCounters minus(DeviceCounters before) {
    return new DeviceCounters(
        submissions - before.submissions,
        synchronisations - before.synchronisations,
        dispatches - before.dispatches,
        bytesIn - before.bytesIn,
        bytesOut - before.bytesOut);
  }

  /** The sum of both. */
  public DeviceCounters plus(DeviceCounters other) {
    return new DeviceCounters(
        submissions + other.submissions,
        synchronisations + other.synchronisations,
        dispatches + other.dispatches,
        bytesIn + other.bytesIn,
        bytesOut + other.bytesOut);
  }
}
