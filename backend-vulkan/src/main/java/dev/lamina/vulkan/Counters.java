package dev.lamina.vulkan;

import dev.lamina.backend.DeviceCounters;

/** What a device has been asked to do so far. */
final class Counters {
  long submissions;
  long synchronisations;
  long dispatches;
  long recordings;
  long bytesIn;
  long bytesOut;

  DeviceCounters read() {
    return new DeviceCounters(submissions, synchronisations, dispatches, bytesIn, bytesOut);
  }
}
