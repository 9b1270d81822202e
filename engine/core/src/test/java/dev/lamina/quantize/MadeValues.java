package dev.lamina.quantize;

import java.util.Random;

/**
 * Values such as models have, made from a seed: rows of different spread with outliers, and pieces
 * that searches stumble over: zeros, equal values, values of one sign, a lone value, tiny ones.
 */
final class MadeValues {
  static final int ROWS = 128;
  static final int COLS = 2048;

  private MadeValues() {}

  static float[] values() {
    Random random = new Random(20_250_921);
    float[] x = new float[ROWS * COLS];
    for (int row = 0; row < ROWS; row++) {
      double spread = 0.02 * (1 + random.nextDouble());
      for (int i = 0; i < COLS; i++) {
        double outlier = random.nextInt(500) == 0 ? 5 : 1;
        x[row * COLS + i] = (float) (random.nextGaussian() * spread * outlier);
      }
    }
    for (int i = 0; i < 32; i++) {
      x[256 + i] = 0.25f;
      x[512 + i] = -0.125f;
      x[COLS + i] = 0;
    }
    for (int i = 0; i < 256; i++) {
      x[2 * COLS + i] = 0;
      x[3 * COLS + i] = Math.abs(x[3 * COLS + i]);
      x[3 * COLS + 256 + i] = -Math.abs(x[3 * COLS + 256 + i]);
      x[4 * COLS + i] = i == 77 ? 1 : 0;
      x[5 * COLS + i] *= 1e-6f;
      x[6 * COLS + i] = 0.5f;
    }
    return x;
  }

  static float[] importance() {
    Random random = new Random(7);
    float[] w = new float[COLS];
    for (int i = 0; i < COLS; i++) {
      double g = random.nextGaussian();
      w[i] = (float) (g * g * (i % 97 == 0 ? 20 : 1) + 0.001);
    }
    return w;
  }
}
