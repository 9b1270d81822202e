package dev.lamina.app;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * One line on stderr that is written again and again while something long goes on: only in a
 * terminal, a few times a second, and wiped away at the end.
 */
final class ProgressLine implements AutoCloseable {
  private static final long INTERVAL_NANOS = 100_000_000L;
  private static final int WIDTH = 30;

  private final PrintWriter err;
  private final boolean terminal;
  private long shownAt;
  private boolean shown;

  /**
   * @param patienceNanos how long to wait before the line first appears
   */
  ProgressLine(PrintWriter err, boolean terminal, long patienceNanos) {
    this.err = err;
    this.terminal = terminal;
    shownAt = System.nanoTime() + patienceNanos - INTERVAL_NANOS;
  }

  /** Shows a line where it is time for one. */
  synchronized void show(Supplier<String> line) {
    long now = System.nanoTime();
    if (terminal && now - shownAt >= INTERVAL_NANOS) {
      shownAt = now;
      shown = true;
      err.print("\r" + line.get() + "\u001b[K");
      err.flush();
    }
  }

  /** A bar for a part of a whole, {@code [##### ] 50 %}. */
  static String bar(double part) {
    double share = Double.isNaN(part) ? 0 : Math.clamp(part, 0, 1);
    int filled = (int) (share * WIDTH);
    return String.format(
        Locale.ROOT,
        "[%s%s] %3d %%",
        "#".repeat(filled),
        " ".repeat(WIDTH - filled),
        (int) (100 * share));
  }

  /** A time for people: {@code 42 s}, {@code 3:05 min}, {@code 2:10 h}. */
  static String time(double seconds) {
    long s = (long) Math.ceil(Math.max(0, seconds));
    if (s < 100) {
      return s + " s";
    }
    return s < 3600
        ? String.format(Locale.ROOT, "%d:%02d min", s / 60, s % 60)
        : String.format(Locale.ROOT, "%d:%02d h", s / 3600, s / 60 % 60);
  }

  /** The time that the rest of a whole takes at the speed so far. */
  static String left(long startNanos, long done, long total) {
    return time((System.nanoTime() - startNanos) / 1e9 / done * (total - done)) + " left";
  }

  @Override
  public synchronized void close() {
    if (shown) {
      // Erase to the end of the line (ECMA-48 EL).
      err.print("\r\u001b[K");
      err.flush();
      shown = false;
    }
  }
}
