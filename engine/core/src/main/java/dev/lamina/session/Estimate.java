package dev.lamina.session;

/**
 * A mean with its standard error.
 *
 * @param value the mean
 * @param error its standard error, in the same unit
 */
public record Estimate(double value, double error) {
  /** With fewer values than this an error says nothing, and is given as 0. */
  private static final int ENOUGH = 10;

  /** The mean of {@code count} values that add up to {@code sum}, their squares to the other. */
  static Estimate ofSums(double sum, double squares, long count) {
    double mean = sum / count;
    double variance = squares / count - mean * mean;
    return new Estimate(
        mean, variance > 0 && count > ENOUGH ? Math.sqrt(variance / (count - 1)) : 0);
  }

  /** The share of {@code hits} among {@code count} trials, with its binomial error. */
  static Estimate ofShare(long hits, long count) {
    double share = (double) hits / count;
    return new Estimate(share, Math.sqrt(share * (1 - share) / (count - 1)));
  }

  /** The exponential, its error to first order. */
  Estimate exp() {
    double e = Math.exp(value);
    return new Estimate(e, e * error);
  }

  /** The square root, its error to first order. */
  Estimate sqrt() {
    double root = Math.sqrt(value);
    return new Estimate(root, root == 0 ? 0 : 0.5 / root * error);
  }

  /** This minus {@code other}, where the means vary together as {@code covariance} says. */
  Estimate minus(Estimate other, double covariance) {
    double variance = error * error + other.error * other.error - 2 * covariance;
    return new Estimate(value - other.value, Math.sqrt(Math.max(0, variance)));
  }
}
