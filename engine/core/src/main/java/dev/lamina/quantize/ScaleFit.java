package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.TINY;
import static dev.lamina.quantize.Rounding.nearest;

import java.util.Arrays;

/** Searches for the scale of a few numbers, one after another. */
final class ScaleFit {
  private static final int ROUNDS = 5;
  private static final int BYTE = 0xFF;

  private ScaleFit() {}

  /**
   * The scale with which whole numbers from 0 to {@code most} come nearest to numbers that are not
   * negative, but for single ones: ggml's {@code make_qp_quants}. A few trial scales, then single
   * quants are changed as long as that helps. A quant below 0 is kept in a byte, as ggml does.
   *
   * @param q the quants, an output
   * @return the scale; 0, and zeros, where all numbers are zero
   */
  static float positive(int n, int most, float[] x, int from, float[] w, int wFrom, int[] q) {
    float max = 0;
    for (int i = 0; i < n; i++) {
      max = Math.max(max, x[from + i]);
    }
    if (max < TINY) {
      Arrays.fill(q, 0, n, 0);
      return 0;
    }
    float trial = most / max;
    float best = squares(n, most, trial, x, from, w, wFrom, BYTE);
    for (int t = -4; t <= 4; t++) {
      if (t != 0) {
        float other = (0.1f * t + most) / max;
        float error = squares(n, most, other, x, from, w, wFrom, -1);
        if (error < best) {
          best = error;
          trial = other;
        }
      }
    }
    float sumXq = 0;
    float sumQq = 0;
    for (int i = 0; i < n; i++) {
      int near = Math.min(most, nearest(trial * x[from + i]));
      q[i] = near & BYTE;
      sumXq += w[wFrom + i] * x[from + i] * near;
      sumQq += w[wFrom + i] * near * near;
    }
    for (int round = 0; round < ROUNDS; round++) {
      boolean changed = false;
      for (int i = 0; i < n; i++) {
        float wi = w[wFrom + i];
        float xi = x[from + i];
        float restXq = sumXq - wi * xi * q[i];
        float restQq = sumQq - wi * q[i] * q[i];
        if (restXq > 0 && restQq > 0) {
          int other = Math.min(most, nearest(xi * restQq / restXq));
          if (other != q[i]) {
            restXq += wi * xi * other;
            restQq += wi * other * other;
            if (restXq * restXq * sumQq > sumXq * sumXq * restQq) {
              q[i] = other & BYTE;
              sumXq = restXq;
              sumQq = restQq;
              changed = true;
            }
          }
        }
      }
      if (!changed) {
        break;
      }
    }
    return sumQq > 0 ? sumXq / sumQq : 0;
  }

  private static float squares(
      int n, int most, float trial, float[] x, int from, float[] w, int wFrom, int mask) {
    float scale = 1 / trial;
    float sum = 0;
    for (int i = 0; i < n; i++) {
      int q = Math.min(most, nearest(trial * x[from + i])) & mask;
      float d = x[from + i] - scale * q;
      sum += w[wFrom + i] * d * d;
    }
    return sum;
  }

  /**
   * The scale with which whole numbers from {@code -levels} to {@code levels - 1} come nearest to
   * {@code n} numbers, weighted by their squares: ggml's {@code make_q3_quants}. Single quants are
   * changed as long as that helps.
   *
   * @param q room for {@code n} numbers
   */
  static float descent(int n, int levels, float[] x, int from, int[] q) {
    float largest = 0;
    for (int i = from; i < from + n; i++) {
      largest = Math.abs(x[i]) > Math.abs(largest) ? x[i] : largest;
    }
    if (Math.abs(largest) < TINY) {
      return 0;
    }
    float trial = -levels / largest;
    float sumXq = 0;
    float sumQq = 0;
    for (int i = 0; i < n; i++) {
      float xi = x[from + i];
      float w = xi * xi;
      q[i] = nearest(trial * xi, -levels, levels - 1);
      sumXq += w * xi * q[i];
      sumQq += w * q[i] * q[i];
    }
    for (int round = 0; round < ROUNDS; round++) {
      boolean changed = false;
      for (int i = 0; i < n; i++) {
        float xi = x[from + i];
        float w = xi * xi;
        float restXq = sumXq - w * xi * q[i];
        if (restXq > 0) {
          float restQq = sumQq - w * q[i] * q[i];
          int other = nearest(xi * restQq / restXq, -levels, levels - 1);
          if (other != q[i]) {
            restXq += w * xi * other;
            restQq += w * other * other;
            if (restQq > 0 && restXq * restXq * sumQq > sumXq * sumXq * restQq) {
              q[i] = other;
              sumXq = restXq;
              sumQq = restQq;
              changed = true;
            }
          }
        }
      }
      if (!changed) {
        break;
      }
    }
    return sumQq > 0 ? sumXq / sumQq : 0;
  }
}
