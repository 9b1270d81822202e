package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.MAGIC;

import java.util.Arrays;

/**
 * Finds a scale and a minimum for each group, such that {@code scale q + min}, q a whole number
 * from 0 to {@code most}, is near the group's values: ggml's {@code make_qkx2_quants} and {@code
 * make_qkx3_quants}, step by step, so that the results are the same bits.
 *
 * <p>Each step quantizes with another trial scale, solves for the best scale and minimum of those
 * quants by weighted least squares, and keeps them where the error is the least so far.
 */
final class AffineFit {
  /**
   * How to search.
   *
   * @param most the highest quant
   * @param first what is added to {@code most} for the first trial scale
   * @param step and more for each one after it
   * @param last the number of the last trial, from 0
   * @param absolute whether the error is the sum of magnitudes, not of squares
   */
  record Search(int most, float first, float step, int last, boolean absolute) {}

  private final Groups groups;
  private int most;

  /** Of each group: the scale found and the minimum found, which is not above 0. */
  final float[] scale = new float[Groups.MOST];

  final float[] min = new float[Groups.MOST];

  /** Of each group: the sum of its weights. */
  final float[] sumW = new float[Groups.MOST];

  private final float[] trialScale = new float[Groups.MOST];
  private final float[] trialMin = new float[Groups.MOST];
  private final float[] max = new float[Groups.MOST];
  private final float[] sumX = new float[Groups.MOST];
  private final float[] sumQ = new float[Groups.MOST];
  private final float[] sumQq = new float[Groups.MOST];
  private final float[] sumXq = new float[Groups.MOST];
  private final float[] trial = new float[Groups.MOST];
  private final float[] determinant = new float[Groups.MOST];
  private final float[] newScale = new float[Groups.MOST];
  private final float[] newMin = new float[Groups.MOST];
  private final float[] scaleAlone = new float[Groups.MOST];
  private final float[] error = new float[Groups.MOST];
  private final float[] best = new float[Groups.MOST];
  private final float[][] q;

  AffineFit(Groups groups) {
    this.groups = groups;
    this.q = new float[groups.size][Groups.MOST];
  }

  /** Fits all groups that are loaded. */
  void fit(Search search) {
    int n = groups.count();
    most = search.most();
    start(n);
    for (int g = 0; g < n; g++) {
      trial[g] = (float) most / (max[g] - min[g]);
      newScale[g] = 1 / trial[g];
      newMin[g] = min[g];
    }
    quantize(n);
    measure(n, search.absolute());
    for (int g = 0; g < n; g++) {
      boolean flat = max[g] <= min[g];
      // A group of equal values keeps scale 0: no error is below this.
      best[g] = flat ? Float.NEGATIVE_INFINITY : error[g];
      scale[g] = flat ? 0 : newScale[g];
      trialScale[g] = flat ? 0 : trial[g];
      trialMin[g] = min[g];
    }
    for (int s = 0; s <= search.last(); s++) {
      float numerator = search.first() + search.step() * s + most;
      for (int g = 0; g < n; g++) {
        trial[g] = numerator / (max[g] - min[g]);
      }
      quantize(n);
      solve(n);
      measure(n, search.absolute());
      for (int g = 0; g < n; g++) {
        if (error[g] < best[g] && determinant[g] > 0) {
          best[g] = error[g];
          trialScale[g] = trial[g];
          trialMin[g] = min[g];
          scale[g] = newScale[g];
          min[g] = newMin[g];
        }
      }
    }
  }

  /** The quant of value {@code i}. */
  int quant(int g, int i) {
    return Rounding.nearest(trialScale[g] * (groups.x[i][g] - trialMin[g]), 0, most);
  }

  private void start(int n) {
    System.arraycopy(groups.x[0], 0, min, 0, n);
    System.arraycopy(groups.x[0], 0, max, 0, n);
    for (int g = 0; g < n; g++) {
      sumW[g] = groups.w[0][g];
      sumX[g] = sumW[g] * groups.x[0][g];
    }
    for (int i = 1; i < groups.size; i++) {
      start(n, groups.x[i], groups.w[i], min, max, sumW, sumX);
    }
    for (int g = 0; g < n; g++) {
      min[g] = Math.min(min[g], 0);
    }
  }

  private static void start(
      int n, float[] x, float[] w, float[] min, float[] max, float[] sumW, float[] sumX) {
    for (int g = 0; g < n; g++) {
      min[g] = Math.min(min[g], x[g]);
      max[g] = Math.max(max[g], x[g]);
      sumW[g] += w[g];
      sumX[g] += w[g] * x[g];
    }
  }

  /** The quants of the trial scales, and their weighted sums. */
  private void quantize(int n) {
    Arrays.fill(sumQ, 0, n, 0);
    Arrays.fill(sumQq, 0, n, 0);
    Arrays.fill(sumXq, 0, n, 0);
    for (int i = 0; i < groups.size; i++) {
      quantize(n, most, groups.x[i], groups.w[i], q[i], trial, min, sumQ, sumQq, sumXq);
    }
  }

  private static void quantize(
      int n,
      float most,
      float[] x,
      float[] w,
      float[] q,
      float[] trial,
      float[] min,
      float[] sumQ,
      float[] sumQq,
      float[] sumXq) {
    for (int g = 0; g < n; g++) {
      float near = trial[g] * (x[g] - min[g]) + MAGIC - MAGIC;
      float whole = clamp(near, most);
      float wq = w[g] * whole;
      q[g] = whole;
      sumQ[g] += wq;
      sumQq[g] += wq * whole;
      sumXq[g] += wq * x[g];
    }
  }

  /**
   * From 0 to {@code most}. Exact for whole numbers; written so because vector code for magnitudes
   * is shorter than that for {@code Math.min} and {@code Math.max}.
   */
  static float clamp(float whole, float most) {
    float positive = 0.5f * (whole + Math.abs(whole));
    return 0.5f * (positive + most - Math.abs(positive - most));
  }

  /** The best scale and minimum for the quants. */
  private void solve(int n) {
    for (int g = 0; g < n; g++) {
      float d = sumW[g] * sumQq[g] - sumQ[g] * sumQ[g];
      determinant[g] = d;
      newScale[g] = (sumW[g] * sumXq[g] - sumX[g] * sumQ[g]) / d;
      newMin[g] = (sumQq[g] * sumX[g] - sumQ[g] * sumXq[g]) / d;
      scaleAlone[g] = sumXq[g] / sumQq[g];
    }
    for (int g = 0; g < n; g++) {
      if (newMin[g] > 0) {
        newMin[g] = 0;
        newScale[g] = scaleAlone[g];
      }
    }
  }

  private void measure(int n, boolean absolute) {
    Arrays.fill(error, 0, n, 0);
    for (int i = 0; i < groups.size; i++) {
      if (absolute) {
        magnitudes(n, groups.x[i], groups.w[i], q[i], newScale, newMin, error);
      } else {
        squares(n, groups.x[i], groups.w[i], q[i], newScale, newMin, error);
      }
    }
  }

  private static void squares(
      int n, float[] x, float[] w, float[] q, float[] scale, float[] min, float[] error) {
    for (int g = 0; g < n; g++) {
      float d = scale[g] * q[g] + min[g] - x[g];
      error[g] += w[g] * (d * d);
    }
  }

  private static void magnitudes(
      int n, float[] x, float[] w, float[] q, float[] scale, float[] min, float[] error) {
    for (int g = 0; g < n; g++) {
      error[g] += w[g] * Math.abs(scale[g] * q[g] + min[g] - x[g]);
    }
  }
}
