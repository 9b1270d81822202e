package dev.lamina.model;

import java.util.Arrays;

/** Perplexity as {@code llama-perplexity} computes it, so that its numbers can be compared. */
public final class Perplexity {
  private Perplexity() {}

  /**
   * The text is cut into whole pieces of {@code context} tokens, what is left over is dropped; in
   * each piece the tokens of its second half are predicted.
   *
   * @param runner of steps and sequences of at least {@code context} tokens
   */
  public static double of(StageRunner runner, int[] tokens, int context) {
    int first = context / 2;
    double sum = 0;
    long count = 0;
    for (int from = 0; from + context <= tokens.length; from += context) {
      runner.reset();
      int[] piece = Arrays.copyOfRange(tokens, from, from + context);
      float[][] logits = runner.stepFrom(first, piece);
      for (int i = first; i < context - 1; i++) {
        sum -= logProbability(logits[i - first], piece[i + 1]);
        count++;
      }
    }
    return Math.exp(sum / count);
  }

  private static double logProbability(float[] logits, int token) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - max);
    }
    return logits[token] - max - Math.log(sum);
  }
}
