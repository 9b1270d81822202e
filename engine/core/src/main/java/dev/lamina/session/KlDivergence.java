package dev.lamina.session;

import dev.lamina.LaminaException;

/**
 * How far a model's predictions are from those of a base model, over the predictions of a text that
 * count: the statistics of llama.cpp's {@code llama-perplexity --kl-divergence}.
 *
 * @param tokens predictions that counted
 * @param perplexity of the model, as of the base in {@code basePerplexity}
 * @param correlation of the two models' log-likelihoods, at most 1
 * @param logRatio {@code ln(perplexity / basePerplexity)}
 * @param mean the mean divergence {@code KL(base || model)}, in nats
 * @param divergences the divergence of each prediction
 * @param meanDelta mean change of the probability of the text's token, from -1 to 1
 * @param deltas that change in each prediction
 * @param rmsDelta root of its mean square
 * @param sameTop share of predictions with the same likeliest token
 */
public record KlDivergence(
    int tokens,
    Estimate perplexity,
    Estimate basePerplexity,
    double correlation,
    Estimate logRatio,
    Estimate mean,
    Distribution divergences,
    Estimate meanDelta,
    Distribution deltas,
    Estimate rmsDelta,
    Estimate sameTop) {

  /**
   * Measures a model against saved predictions.
   *
   * @param session is emptied; must hold the base's {@link BaseLogits#context()}
   * @param base the predictions of the base model; its text is evaluated
   * @param bos the token that replaces the first one of each window, or -1
   * @param most windows to take; negative: all
   * @param progress told the mean divergence so far
   * @throws LaminaException where the models' vocabularies differ
   */
  public static KlDivergence of(
      Session session, BaseLogits base, int bos, int most, TextWindows.Progress progress) {
    if (base.vocabulary() != session.vocabulary()) {
      throw new LaminaException(
          "%s was made with a vocabulary of %d tokens, and the model has %d: they cannot be compared"
              .formatted(base.source(), base.vocabulary(), session.vocabulary()));
    }
    TextWindows windows = TextWindows.halves(base.tokens(), base.context(), most, bos);
    Sums sums = new Sums(windows.count() * windows.counted());
    BaseLogits.Row row = base.newRow();
    for (int window = 0; window < windows.count(); window++) {
      int chunk = window;
      int before = sums.count;
      windows.evaluate(
          session,
          window,
          (logits, next) -> {
            base.read(chunk, sums.count - before, row);
            sums.add(logits, row, next);
          });
      progress.window(window + 1, windows.count(), Estimate.ofSums(sums.kl, sums.kl2, sums.count));
    }
    return sums.result();
  }

  /** {@code perplexity / basePerplexity}. */
  public Estimate ratio() {
    return logRatio.exp();
  }

  /** {@code perplexity - basePerplexity}. */
  public Estimate difference() {
    double covariance = correlation * perplexity.error() * basePerplexity.error();
    return perplexity.minus(basePerplexity, covariance);
  }

  /** What is added up over the predictions. */
  private static final class Sums {
    /** Base probabilities below {@code exp(-16)} count as nothing: they are not stored exactly. */
    private static final float LEAST_LOG = -16;

    private final float[] divergences;
    private final float[] deltas;
    private int count;
    private int sameTop;
    private double nll;
    private double nll2;
    private double base;
    private double base2;
    private double nllBase;
    private double kl;
    private double kl2;
    private double delta;
    private double delta2;
    private double delta4;

    Sums(int predictions) {
      divergences = new float[predictions];
      deltas = new float[predictions];
    }

    void add(float[] logits, BaseLogits.Row row, int next) {
      double norm = Sampler.logSumExp(logits);
      double sum = 0;
      int top = 0;
      float[] baseLogs = row.logs();
      for (int i = 0; i < baseLogs.length; i++) {
        float log = baseLogs[i];
        if (log > baseLogs[top]) {
          top = i;
        }
        if (log > LEAST_LOG) {
          sum += Math.exp(log) * (log - logits[i] + norm);
        }
      }
      double own = norm - logits[next];
      double other = -baseLogs[next];
      double change = Math.exp(-own) - Math.exp(-other);
      nll += own;
      nll2 += own * own;
      base += other;
      base2 += other * other;
      nllBase += own * other;
      kl += sum;
      kl2 += sum * sum;
      delta += change;
      delta2 += change * change;
      delta4 += change * change * change * change;
      sameTop += top == Sampler.argmax(logits) ? 1 : 0;
      divergences[count] = (float) sum;
      deltas[count] = (float) change;
      count++;
    }

    KlDivergence result() {
      Estimate log = Estimate.ofSums(nll, nll2, count);
      Estimate baseLog = Estimate.ofSums(base, base2, count);
      // Of the two means, not of single values.
      double covariance = (nllBase / count - log.value() * baseLog.value()) / (count - 1);
      double errors = log.error() * baseLog.error();
      return new KlDivergence(
          count,
          log.exp(),
          baseLog.exp(),
          errors == 0 ? 0 : covariance / errors,
          log.minus(baseLog, covariance),
          Estimate.ofSums(kl, kl2, count),
          new Distribution(divergences),
          Estimate.ofSums(delta, delta2, count),
          new Distribution(deltas),
          Estimate.ofSums(delta2, delta4, count).sqrt(),
          Estimate.ofShare(sameTop, count));
    }
  }
}
