package dev.lamina.app;

import dev.lamina.session.LoadProgress;
import java.io.PrintWriter;
import java.util.Locale;

/**
 * A bar on stderr while weights are loaded. It appears only where that takes over a second, and
 * only in a terminal; afterwards it is wiped away.
 */
final class LoadBar implements LoadProgress, AutoCloseable {

  private static final long PATIENCE_NANOS = 1_000_000_000L;
  private static final long INTERVAL_NANOS = 100_000_000L;
  private static final int WIDTH = 40;

  private final PrintWriter err;
  private final boolean terminal;
  private final long start = System.nanoTime();
  private long shownAt = start + PATIENCE_NANOS - INTERVAL_NANOS;
  private boolean shown;

  LoadBar(PrintWriter err, boolean terminal) {
    this.err = err;
    this.terminal = terminal;
  }

  @Override
  public void loaded(long done, long total) {
    long now = System.nanoTime();
    if (terminal && total > 0 && now - shownAt >= INTERVAL_NANOS) {
      shownAt = now;
      shown = true;
      err.print("\r" + line(done, total));
      err.flush();
    }
  }

  /** The bar at one moment. */
  static String line(long done, long total) {
    int filled = (int) Math.clamp((double) done / total * WIDTH, 0, WIDTH);
    return String.format(
        Locale.ROOT,
        "loading [%s%s] %3d %%  %s of %s ",
        "#".repeat(filled),
        " ".repeat(WIDTH - filled),
        (long) (100.0 * done / total),
        Text.bytes(done),
        Text.bytes(total));
  }

  /** Wipes the bar away. */
  @Override
  public void close() {
    if (shown) {
      // Erase to the end of the line (ECMA-48 EL).
      err.print("\r\u001b[K");
      err.flush();
    }
  }
}
