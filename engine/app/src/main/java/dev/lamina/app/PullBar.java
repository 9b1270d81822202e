package dev.lamina.app;

import dev.lamina.app.hub.PullProgress;
import dev.lamina.app.hub.RepoFile;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/**
 * A download for people: a bar with speed and time left in a terminal, elsewhere a line every tenth
 * of the way.
 */
final class PullBar implements PullProgress, AutoCloseable {
  /** The speed is that of the last seconds. */
  private static final double MEMORY_SECONDS = 4;

  private static final double STEP_SECONDS = 0.2;
  private static final int TENTHS = 10;

  private final PrintWriter err;
  private final boolean terminal;
  private final ProgressLine line;
  private long total;
  private long present;
  private long received;
  private int toldTenths;
  private long steppedAt;
  private long steppedBytes;
  private double speed;

  PullBar(PrintWriter err, boolean terminal) {
    this.err = err;
    this.terminal = terminal;
    line = new ProgressLine(err, terminal, 0);
  }

  @Override
  public synchronized void plan(List<RepoFile> files, long bytes, long there) {
    total = bytes;
    present = there;
    received = 0;
    steppedAt = System.nanoTime();
    steppedBytes = 0;
    if (there < bytes) {
      say(
          String.format(
              Locale.ROOT,
              "downloading %s of %s%s",
              size(bytes - there),
              files.size() == 1 ? files.getFirst().path() : files.size() + " files",
              there > 0 ? " (" + size(there) + " are there)" : ""));
      toldTenths = (int) (TENTHS * there / bytes);
    }
  }

  @Override
  public synchronized void received(long bytes) {
    received += bytes;
    long now = System.nanoTime();
    double seconds = (now - steppedAt) / 1e9;
    if (seconds >= STEP_SECONDS) {
      speed = blend(speed, (received - steppedBytes) / seconds, seconds);
      steppedAt = now;
      steppedBytes = received;
    }
    if (terminal) {
      line.show(() -> line(present + received, total, speed));
    } else if (total > 0 && TENTHS * (present + received) / total > toldTenths) {
      toldTenths = (int) (TENTHS * (present + received) / total);
      if (toldTenths < TENTHS) {
        say(size(present + received) + " of " + size(total));
      }
    }
  }

  /** An average in which what is older counts less. */
  static double blend(double before, double now, double seconds) {
    double weight = before == 0 ? 1 : 1 - Math.exp(-seconds / MEMORY_SECONDS);
    return Math.max(0, before + weight * (now - before));
  }

  /** The bar at one moment. */
  static String line(long done, long total, double speed) {
    String left =
        speed > 0 && done < total ? ", " + ProgressLine.time((total - done) / speed) + " left" : "";
    return String.format(
        Locale.ROOT,
        "%s %s of %s, %s/s%s ",
        ProgressLine.bar(total == 0 ? 1 : (double) done / total),
        size(done),
        size(total),
        size((long) speed),
        left);
  }

  /** As the hub shows sizes: decimal. */
  private static String size(long bytes) {
    String[] units = {"B", "kB", "MB", "GB", "TB"};
    double size = bytes;
    int unit = 0;
    while (Math.abs(size) >= 999.5 && unit < units.length - 1) {
      size /= 1000;
      unit++;
    }
    return String.format(
        Locale.ROOT, unit == 0 || size >= 100 ? "%.0f %s" : "%.1f %s", size, units[unit]);
  }

  @Override
  public synchronized void checking(RepoFile file, long done) {
    line.show(
        () ->
            ProgressLine.bar(file.size() == 0 ? 1 : (double) done / file.size())
                + " checking "
                + file.path()
                + " ");
  }

  @Override
  public synchronized void note(String text) {
    say(text);
  }

  private void say(String text) {
    line.close();
    Notes.tell(err, text);
  }

  @Override
  public synchronized void close() {
    line.close();
  }
}
