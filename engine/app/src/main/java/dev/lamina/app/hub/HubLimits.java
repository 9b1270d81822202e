package dev.lamina.app.hub;

import java.time.Duration;

/**
 * How hard a download tries.
 *
 * @param connections ranges of one file that are fetched at once
 * @param chunkBytes bytes of a range
 * @param stall how long a server may be silent
 * @param attempts failures one after the other without a byte between them until it is given up
 * @param firstPause the wait after the first failure; doubled after each
 * @param waiting how to wait
 */
public record HubLimits(
    int connections,
    int chunkBytes,
    Duration stall,
    int attempts,
    Duration firstPause,
    Waiting waiting) {
  /** For people. */
  public static final HubLimits DEFAULT =
      new HubLimits(6, 32 << 20, Duration.ofSeconds(30), 6, Duration.ofSeconds(1), Waiting.SLEEP);

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  /** The wait after so many failures. */
  Duration pause(int failures) {
    Duration pause = firstPause.multipliedBy(1L << Math.min(failures - 1, 16));
    return pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE;
  }
}
