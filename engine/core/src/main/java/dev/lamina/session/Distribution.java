package dev.lamina.session;

import java.util.Arrays;

/** Many values of one quantity, to be asked for percentiles. */
public final class Distribution {
  private final float[] sorted;

  /**
   * @param values at least one
   */
  Distribution(float[] values) {
    sorted = values.clone();
    Arrays.sort(sorted);
  }

  /** How many values there are. */
  public int count() {
    return sorted.length;
  }

  public double min() {
    return sorted[0];
  }

  public double max() {
    return sorted[sorted.length - 1];
  }

  public double median() {
    return percentile(50);
  }

  /**
   * The value below which so many percent of all lie; between two values it goes in a straight
   * line.
   *
   * @param percent from 0 (the least value) to 100 (the greatest)
   */
  public double percentile(double percent) {
    double at = Math.clamp(percent / 100, 0, 1) * (sorted.length - 1);
    int below = (int) at;
    double part = at - below;
    return (1 - part) * sorted[below] + part * sorted[Math.min(below + 1, sorted.length - 1)];
  }
}
