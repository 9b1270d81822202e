package dev.lamina.quantize;

/** How much the error of each value counts. */
final class Weights {
  private Weights() {}

  /** The mean of the squares of {@code n} values. */
  static float meanSquare(float[] x, int from, int n) {
    float sum = 0;
    for (int i = from; i < from + n; i++) {
      sum += x[i] * x[i];
    }
    return sum / n;
  }

  static void magnitudes(float[] x, int from, int n, float[] w, int to) {
    for (int i = 0; i < n; i++) {
      w[to + i] = Math.abs(x[from + i]);
    }
  }

  static void squares(float[] x, int from, int n, float[] w, int to) {
    for (int i = 0; i < n; i++) {
      w[to + i] = x[from + i] * x[from + i];
    }
  }

  /** The magnitudes, and the root of the mean square of all {@code n} added. */
  static void liftedMagnitudes(float[] x, int from, int n, float[] w, int to) {
    float root = (float) Math.sqrt(meanSquare(x, from, n));
    for (int i = 0; i < n; i++) {
      w[to + i] = root + Math.abs(x[from + i]);
    }
  }

  /**
   * The importance of the columns times the root of the values' squares plus {@code spread}.
   *
   * @param column of the first value
   */
  static void important(
      float[] x, int from, int n, float[] importance, int column, float spread, float[] w, int to) {
    for (int i = 0; i < n; i++) {
      float v = x[from + i];
      w[to + i] = importance[column + i] * (float) Math.sqrt(spread + v * v);
    }
  }
}
