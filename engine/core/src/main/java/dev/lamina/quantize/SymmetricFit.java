package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.MAGIC;
import static dev.lamina.quantize.Rounding.TINY;

import java.util.Arrays;

/**
 * Finds a scale for each group, such that {@code scale q}, q a whole number from {@code -levels} to
 * {@code levels - 1}, is near the group's values: ggml's {@code make_qx_quants}, step by step, so
 * that the results are the same bits.
 *
 * <p>The value of the largest magnitude becomes {@code -levels} or, in each of 18 more trials, a
 * little more or less; the trial whose quants, with the best scale for them, leave the least
 * weighted squares wins.
 */
final class SymmetricFit {
  private static final int TRIALS = 9;

  private final Groups groups;
  private int levels;

  /** Of each group: the scale found; 0 where all values are zero. */
  final float[] scale = new float[Groups.MOST];

  private final float[] trialScale = new float[Groups.MOST];

  private final float[] largest = new float[Groups.MOST];
  private final float[] trial = new float[Groups.MOST];
  private final float[] sumXq = new float[Groups.MOST];
  private final float[] sumQq = new float[Groups.MOST];
  private final float[] best = new float[Groups.MOST];

  SymmetricFit(Groups groups) {
    this.groups = groups;
  }

  /** Fits all groups that are loaded. */
  void fit(int levels) {
    this.levels = levels;
    int n = groups.count();
    largest(n);
    for (int g = 0; g < n; g++) {
      trial[g] = -levels / largest[g];
    }
    sum(n, levels);
    for (int g = 0; g < n; g++) {
      boolean zero = Math.abs(largest[g]) < TINY;
      scale[g] = zero || sumQq[g] == 0 ? 0 : sumXq[g] / sumQq[g];
      // A group of zeros keeps scale 0: nothing is better than this.
      best[g] = zero ? Float.POSITIVE_INFINITY : scale[g] * sumXq[g];
      trialScale[g] = zero ? 0 : trial[g];
    }
    for (int t = -TRIALS; t <= TRIALS; t++) {
      if (t == 0) {
        continue;
      }
      float numerator = -(levels + 0.1f * t);
      for (int g = 0; g < n; g++) {
        trial[g] = numerator / largest[g];
      }
      sum(n, levels);
      for (int g = 0; g < n; g++) {
        if (sumQq[g] > 0 && sumXq[g] * sumXq[g] > best[g] * sumQq[g]) {
          scale[g] = sumXq[g] / sumQq[g];
          best[g] = scale[g] * sumXq[g];
          trialScale[g] = trial[g];
        }
      }
    }
  }

  /** The quant of value {@code i}, plus {@code levels}; 0 in a group of zeros. */
  int quant(int g, int i) {
    return trialScale[g] == 0
        ? 0
        : levels + Rounding.nearest(trialScale[g] * groups.x[i][g], -levels, levels - 1);
  }

  /** The value of the largest magnitude, the first where several have it. */
  private void largest(int n) {
    Arrays.fill(largest, 0, n, 0);
    for (float[] x : groups.x) {
      for (int g = 0; g < n; g++) {
        if (Math.abs(x[g]) > Math.abs(largest[g])) {
          largest[g] = x[g];
        }
      }
    }
  }

  private void sum(int n, int levels) {
    Arrays.fill(sumXq, 0, n, 0);
    Arrays.fill(sumQq, 0, n, 0);
    for (int i = 0; i < groups.size; i++) {
      sum(n, levels, groups.x[i], groups.w[i], trial, sumXq, sumQq);
    }
  }

  private static void sum(
      int n, float levels, float[] x, float[] w, float[] trial, float[] sumXq, float[] sumQq) {
    float most = 2 * levels - 1;
    for (int g = 0; g < n; g++) {
      float near = trial[g] * x[g] + MAGIC - MAGIC;
      float q = AffineFit.clamp(near + levels, most) - levels;
      sumXq[g] += w[g] * x[g] * q;
      sumQq[g] += w[g] * q * q;
    }
  }
}
