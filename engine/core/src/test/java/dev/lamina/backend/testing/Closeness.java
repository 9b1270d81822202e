package dev.lamina.backend.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

/**
 * Comparison by normalised mean squared error: the squares of the errors over those of the values.
 */
final class Closeness {
  private Closeness() {}

  static void check(String what, Rig.Outcome outcome, double bound) {
    check(what, outcome.expected(), outcome.actual(), bound, 0);
  }

  /**
   * Where a value is expected that is no finite number, none must be; all others count.
   *
   * @param floor the least that the sum of the squares of the values is taken for: what it usually
   *     is, where few values could happen to be small
   */
  static void check(String what, float[] expected, float[] actual, double bound, double floor) {
    assertEquals(expected.length, actual.length, what);
    double error = 0;
    double square = 0;
    int worst = 0;
    for (int i = 0; i < expected.length; i++) {
      if (!Float.isFinite(expected[i]) || !Float.isFinite(actual[i])) {
        if (Float.isFinite(expected[i]) != Float.isFinite(actual[i])) {
          fail(what + ": value " + i + " is " + actual[i] + ", expected " + expected[i]);
        }
        continue;
      }
      double difference = (double) actual[i] - expected[i];
      error += difference * difference;
      square += (double) expected[i] * expected[i];
      if (Math.abs(difference) > Math.abs((double) actual[worst] - expected[worst])) {
        worst = i;
      }
    }
    // Written so that 0 / 0 passes and anything else / 0 does not.
    if (error > bound * Math.max(square, floor)) {
      fail(
          "%s: normalised mean squared error %.3g, bound %.3g; value %d of %d is %s, expected %s"
              .formatted(
                  what,
                  error / Math.max(square, floor),
                  bound,
                  worst,
                  expected.length,
                  actual[worst],
                  expected[worst]));
    }
  }
}
