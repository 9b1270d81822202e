package dev.lamina.session;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Picks tokens from logits as its {@link Sampling} says. Holds the state of the random numbers;
 * used by one thread.
 */
final class Sampler {
  private final Sampling sampling;
  private final SplittableRandom random;
  private int[] ids = new int[0];
  private float[] values = new float[0];

  Sampler(Sampling sampling) {
    this.sampling = sampling;
    random = new SplittableRandom(sampling.seed());
  }

  /**
   * Picks a token.
   *
   * @param logits one for each token of the vocabulary; changed by bias and penalties
   * @param history tokens seen so far
   * @param length how many of {@code history} count
   */
  int sample(float[] logits, int[] history, int length) {
    sampling
        .logitBias()
        .forEach(
            (id, bias) -> {
              if (id >= 0 && id < logits.length) {
                logits[id] += bias;
              }
            });
    if (sampling.penalises()) {
      penalise(logits, history, length);
    }
    return sampling.temperature() <= 0 ? argmax(logits) : draw(logits);
  }

  private void penalise(float[] logits, int[] history, int length) {
    int n = sampling.penaltyLastN() < 0 ? length : Math.min(length, sampling.penaltyLastN());
    Map<Integer, Integer> counts = new HashMap<>();
    for (int i = length - n; i < length; i++) {
      counts.merge(history[i], 1, Integer::sum);
    }
    counts.forEach(
        (id, count) -> {
          if (id >= 0 && id < logits.length) {
            float l = logits[id];
            l = l <= 0 ? l * sampling.repeatPenalty() : l / sampling.repeatPenalty();
            logits[id] = l - count * sampling.frequencyPenalty() - sampling.presencePenalty();
          }
        });
  }

  static int argmax(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  private int draw(float[] logits) {
    int n = candidates(logits);
    // Candidates are in descending order; probabilities relative to the first are enough for every
    // cut.
    double[] p = new double[n];
    double sum = 0;
    for (int i = 0; i < n; i++) {
      p[i] = Math.exp((double) values[i] - values[0]);
      sum += p[i];
    }
    if (sampling.topP() < 1) {
      double reached = 0;
      int kept = 0;
      while (kept < n && reached < sampling.topP() * sum) {
        reached += p[kept++];
      }
      n = Math.max(1, kept);
    }
    while (n > 1 && p[n - 1] < sampling.minP()) {
      n--;
    }
    sum = 0;
    for (int i = 0; i < n; i++) {
      p[i] = Math.exp(((double) values[i] - values[0]) / sampling.temperature());
      sum += p[i];
    }
    double at = random.nextDouble() * sum;
    for (int i = 0; i < n - 1; i++) {
      at -= p[i];
      if (at < 0) {
        return ids[i];
      }
    }
    return ids[n - 1];
  }

  /**
   * Fills {@link #ids} and {@link #values} with the top-k candidates, greatest first, ties to the
   * lower id.
   */
  private int candidates(float[] logits) {
    int k = sampling.topK() == 0 ? logits.length : Math.min(sampling.topK(), logits.length);
    ids = greatest(logits, k);
    if (values.length < k) {
      values = new float[k];
    }
    for (int i = 0; i < k; i++) {
      values[i] = logits[ids[i]];
    }
    return k;
  }

  /** The ids of the {@code k} greatest logits, greatest first, ties to the lower id. */
  static int[] greatest(float[] logits, int k) {
    if (k == 0) {
      return new int[0];
    }
    // Keys sort by value and then by lower id: an order-preserving integer image of the float above
    // the inverted id.
    long[] keys;
    if (k < logits.length) {
      keys = greatestKeys(logits, k);
    } else {
      keys = new long[logits.length];
      for (int i = 0; i < keys.length; i++) {
        keys[i] = key(logits[i], i);
      }
    }
    Arrays.sort(keys);
    int[] ids = new int[k];
    for (int i = 0; i < k; i++) {
      ids[i] = ~(int) keys[k - 1 - i];
    }
    return ids;
  }

  private static long[] greatestKeys(float[] logits, int k) {
    long[] heap = new long[k];
    Arrays.fill(heap, Long.MIN_VALUE);
    float least = Float.NEGATIVE_INFINITY;
    int filled = 0;
    for (int i = 0; i < logits.length; i++) {
      if (filled < k || logits[i] > least) {
        replaceRoot(heap, key(logits[i], i));
        if (++filled >= k) {
          least = logits[~(int) heap[0]];
        }
      }
    }
    return heap;
  }

  private static void replaceRoot(long[] heap, long key) {
    int at = 0;
    while (true) {
      int child = 2 * at + 1;
      if (child >= heap.length) {
        break;
      }
      if (child + 1 < heap.length && heap[child + 1] < heap[child]) {
        child++;
      }
      if (heap[child] >= key) {
        break;
      }
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = key;
  }

  private static long key(float logit, int id) {
    int bits = Float.floatToIntBits(Float.isNaN(logit) ? Float.NEGATIVE_INFINITY : logit);
    int ordered = bits ^ ((bits >> 31) & 0x7fffffff);
    return ((long) ordered << 32) | (~id & 0xffffffffL);
  }

  /** The natural logarithm of the probability of {@code id} by plain softmax. */
  static float logProbability(float[] logits, int id) {
    return (float) (logits[id] - logSumExp(logits));
  }

  /** {@code log(sum(exp(logits)))}, summed in double precision. */
  static double logSumExp(float[] logits) {
    float max = logits[argmax(logits)];
    double sum = 0;
    for (float l : logits) {
      sum += Math.exp((double) l - max);
    }
    return max + Math.log(sum);
  }
}
