package dev.lamina.session;

/**
 * How well a model predicts a text, by llama.cpp's method: the exponential of the mean negative
 * log-likelihood of the predictions that count (see {@link TextWindows}).
 *
 * @param perplexity the exponential of the mean negative log-likelihood
 * @param error the standard error of {@code perplexity}
 * @param tokens predictions that counted
 */
public record Perplexity(double perplexity, double error, int tokens) {
  /**
   * Measures with windows one behind the other, see {@link TextWindows#halves}.
   *
   * @param session is emptied; must hold {@code context} tokens
   * @param tokens the text
   * @param context tokens of a window
   * @param bos the token that replaces the first one of each window, or -1
   */
  public static Perplexity of(Session session, int[] tokens, int context, int bos) {
    return of(
        session,
        TextWindows.halves(tokens, context, -1, bos),
        (logits, next) -> {},
        TextWindows.Progress.NONE);
  }

  /**
   * Measures.
   *
   * @param session is emptied
   * @param windows the text
   * @param also told every prediction that counts
   * @param progress told the perplexity so far
   */
  public static Perplexity of(
      Session session,
      TextWindows windows,
      TextWindows.PredictionConsumer also,
      TextWindows.Progress progress) {
    double[] sums = new double[2];
    int count = 0;
    Estimate result = null;
    for (int window = 0; window < windows.count(); window++) {
      windows.evaluate(
          session,
          window,
          (logits, next) -> {
            double nll = Sampler.logSumExp(logits) - logits[next];
            sums[0] += nll;
            sums[1] += nll * nll;
            also.accept(logits, next);
          });
      count += windows.counted();
      result = Estimate.ofSums(sums[0], sums[1], count).exp();
      progress.window(window + 1, windows.count(), result);
    }
    return new Perplexity(result.value(), result.error(), count);
  }
}
