package dev.lamina.app.hub;

import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.function.BooleanSupplier;

/** Counts failures of one request and waits between them, longer each time. */
final class Retry {
  /** A server that wants a longer pause gets this one. */
  private static final Duration MOST_WANTED = Duration.ofMinutes(5);

  /** Shorter pauses are nobody's concern. */
  private static final Duration TOLD = Duration.ofSeconds(3);

  private final HubLimits limits;
  private final PullProgress progress;
  private final BooleanSupplier stopped;
  private int failures;

  Retry(HubLimits limits, PullProgress progress, BooleanSupplier stopped) {
    this.limits = limits;
    this.progress = progress;
    this.stopped = stopped;
  }

  /** Whether a status may be another one soon. */
  static boolean isTransient(int status) {
    return status == 408 || status == 425 || status == 429 || status >= 500;
  }

  /** Something came: the failures before do not count. */
  void succeeded() {
    failures = 0;
  }

  /**
   * Waits after a failure.
   *
   * @param why what happened
   * @param headers of the answer, or null
   * @return false where it is time to give up
   */
  boolean again(String why, HttpHeaders headers) throws InterruptedException {
    failures++;
    if (failures >= limits.attempts() || stopped.getAsBoolean()) {
      return false;
    }
    Duration pause = limits.pause(failures);
    if (headers != null) {
      Duration wanted = headers.firstValue("Retry-After").map(Retry::parse).orElse(Duration.ZERO);
      pause = wanted.compareTo(pause) > 0 ? wanted : pause;
    }
    if (pause.compareTo(TOLD) >= 0) {
      progress.note(why + ": trying again in " + pause.toSeconds() + " s");
    }
    limits.waiting().sleep(pause, stopped);
    return !stopped.getAsBoolean();
  }

  /** Seconds, or a date (RFC 9110, 10.2.3). */
  private static Duration parse(String text) {
    Duration wanted;
    try {
      wanted =
          text.strip().matches("\\d{1,9}")
              ? Duration.ofSeconds(Long.parseLong(text.strip()))
              : Duration.between(
                  Instant.now(),
                  ZonedDateTime.parse(text.strip(), DateTimeFormatter.RFC_1123_DATE_TIME)
                      .toInstant());
    } catch (DateTimeException e) {
      return Duration.ZERO;
    }
    return wanted.compareTo(MOST_WANTED) < 0 ? wanted : MOST_WANTED;
  }
}
