package dev.lamina.app.bench;

import java.time.Instant;
import java.util.Arrays;
import java.util.Map;

/**
 * What was measured.
 *
 * @param model what ran
 * @param test what it did
 * @param time when
 * @param nanos time of each repetition
 * @param work what each device that counts its work was asked to do per token, by the device's id
 */
public record BenchResult(
    BenchModel model, BenchTest test, Instant time, long[] nanos, Map<String, DeviceWork> work) {
  /** Mean nanoseconds of a repetition. */
  public double meanNanos() {
    return Arrays.stream(nanos).average().orElseThrow();
  }

  /** Tokens per second of each repetition. */
  public double[] samples() {
    return Arrays.stream(nanos).mapToDouble(n -> test.tokens() * 1e9 / n).toArray();
  }

  /** Mean tokens per second. */
  public double tokensPerSecond() {
    return Arrays.stream(samples()).average().orElseThrow();
  }

  /** Standard deviation of the samples (n - 1); 0 of a single one. */
  static double deviation(double[] samples) {
    double mean = Arrays.stream(samples).average().orElseThrow();
    double sum = Arrays.stream(samples).map(x -> (x - mean) * (x - mean)).sum();
    return samples.length < 2 ? 0 : Math.sqrt(sum / (samples.length - 1));
  }

  /**
   * Bytes of weights, keys and values read per second for generation, float operations per second
   * for a prompt.
   */
  public double rate() {
    TokenCost cost = model.cost();
    double middle = test.depth() + test.generated() / 2.0;
    return tokensPerSecond()
        * (test.prompt() > 0 ? cost.prefillFlops() : cost.decodeBytes() + cost.cacheBytes(middle));
  }

  /** {@link #rate} as a part of what the hardware can do; NaN where that is not known. */
  public double share() {
    if (model.speed() == null) {
      return Double.NaN;
    }
    double limit =
        test.prompt() > 0 ? model.speed().floatOpsPerSecond() : model.speed().readBytesPerSecond();
    return rate() / limit;
  }
}
