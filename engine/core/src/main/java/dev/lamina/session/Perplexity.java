package dev.lamina.session;

import dev.lamina.LaminaException;
import java.util.Arrays;

/**
 * How well a model predicts a text, by llama.cpp's method: the text is cut into windows of {@code
 * context} tokens, each evaluated from nothing, and the predictions in the second half of each
 * window count. What is left of the text behind the last whole window does not.
 *
 * @param perplexity the exponential of the mean negative log-likelihood
 * @param error the standard error of {@code perplexity}
 * @param tokens predictions that counted
 */
public record Perplexity(double perplexity, double error, int tokens) {
  /**
   * Measures.
   *
   * @param session is emptied; must hold {@code context} tokens
   * @param tokens the text
   * @param context tokens of a window
   * @param bos the token that replaces the first one of each window, or -1
   */
  public static Perplexity of(Session session, int[] tokens, int context, int bos) {
    if (tokens.length < context) {
      throw new LaminaException(
          "the text has %d tokens: at least one window of %d is needed"
              .formatted(tokens.length, context));
    }
    double[] sums = new double[2];
    int count = 0;
    int first = context / 2;
    for (int start = 0; start + context <= tokens.length; start += context) {
      int[] window = Arrays.copyOfRange(tokens, start, start + context);
      int[] input = window.clone();
      if (bos >= 0) {
        input[0] = bos;
      }
      session.evaluate(
          input,
          first,
          (row, logits) -> {
            if (row + 1 < context) {
              double nll = -Sampler.logProbability(logits, window[row + 1]);
              sums[0] += nll;
              sums[1] += nll * nll;
            }
          });
      count += context - 1 - first;
    }
    double mean = sums[0] / count;
    double variance = Math.max(0, sums[1] / count - mean * mean);
    double perplexity = Math.exp(mean);
    return new Perplexity(perplexity, perplexity * Math.sqrt(variance / (count - 1)), count);
  }
}
