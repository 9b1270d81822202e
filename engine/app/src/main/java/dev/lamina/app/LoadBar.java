package dev.lamina.app;

import dev.lamina.session.LoadProgress;
import java.io.PrintWriter;

/**
 * A bar on stderr while weights are loaded. It appears only where that takes over a second, and
 * only in a terminal; afterwards it is wiped away.
 */
final class LoadBar implements LoadProgress, AutoCloseable {

  private static final long PATIENCE_NANOS = 1_000_000_000L;

  private final ProgressLine line;

  LoadBar(PrintWriter err, boolean terminal) {
    line = new ProgressLine(err, terminal, PATIENCE_NANOS);
  }

  @Override
  public void loaded(long done, long total) {
    line.show(() -> line(done, total));
  }

  /** The bar at one moment. */
  static String line(long done, long total) {
    return "loading %s  %s of %s "
        .formatted(ProgressLine.bar((double) done / total), Text.bytes(done), Text.bytes(total));
  }

  /** Wipes the bar away. */
  @Override
  public void close() {
    line.close();
  }
}
