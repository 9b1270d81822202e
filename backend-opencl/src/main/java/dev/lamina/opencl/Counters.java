package dev.lamina.opencl;

/**
 * What a device has been asked to do so far.
 *
 * @param launches kernels launched
 * @param synchronisations waits of the host for the device
 * @param bytesIn bytes copied to the device
 * @param bytesOut bytes copied back
 * @param builds programs compiled from source
 */
record Counters(long launches, long synchronisations, long bytesIn, long bytesOut, long builds) {
  /** What has been added since {@code before}. */
  Counters minus(Counters before) {
    return new Counters(
        launches - before.launches,
        synchronisations - before.synchronisations,
        bytesIn - before.bytesIn,
        bytesOut - before.bytesOut,
        builds - before.builds);
  }
}
