package dev.lamina.quantize;

/**
 * Up to {@link #MOST} groups of neighbouring values, laid side by side: {@code x[i][g]} is value i
 * of group g, {@code w[i][g]} its weight. A search that goes through a group's values in order runs
 * for all groups at once, in loops over g that the JIT compiler turns into vector code; the sums of
 * each group are formed in the same order as by a plain loop.
 */
final class Groups {
  static final int MOST = 512;

  final int size;
  final float[][] x;
  final float[][] w;
  private int count;

  /** For groups of {@code size} values, a multiple of 4. */
  Groups(int size) {
    this.size = size;
    this.x = new float[size][MOST];
    this.w = new float[size][MOST];
  }

  /** Groups held. */
  int count() {
    return count;
  }

  /**
   * Takes {@code count} groups.
   *
   * @param weights one for each value, the first one at 0
   */
  void load(float[] src, int from, float[] weights, int count) {
    this.count = count;
    for (int i = 0; i < size; i++) {
      float[] xi = x[i];
      float[] wi = w[i];
      for (int g = 0; g < count; g++) {
        xi[g] = src[from + g * size + i];
        wi[g] = weights[g * size + i];
      }
    }
  }
}
