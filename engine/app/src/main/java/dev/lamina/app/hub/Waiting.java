package dev.lamina.app.hub;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** How to wait before something is tried again. */
@FunctionalInterface
public interface Waiting {
  /** By sleeping. */
  Waiting SLEEP =
      (time, stopped) -> {
        long end = System.nanoTime() + time.toNanos();
        while (!stopped.getAsBoolean() && System.nanoTime() < end) {
          Thread.sleep(Duration.ofMillis(Math.min(50, Math.max(1, time.toMillis()))));
        }
      };

  /**
   * @param stopped whether the wait is in vain
   */
  void sleep(Duration time, BooleanSupplier stopped) throws InterruptedException;
}
