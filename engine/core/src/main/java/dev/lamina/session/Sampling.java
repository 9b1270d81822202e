package dev.lamina.session;

import dev.lamina.LaminaException;
import java.util.Map;

/**
 * How the next token is picked from the logits, with llama.cpp's names, defaults and order: logit
 * bias, penalties, top-k, top-p, min-p, temperature.
 *
 * @param temperature divides the logits; 0 or less: always the most likely token
 * @param topK only the K most likely tokens; 0: all
 * @param topP only the fewest tokens whose probabilities reach P together; 1: all
 * @param minP only tokens at least this fraction as likely as the most likely one; 0: all
 * @param penaltyLastN tokens that the penalties look back on; 0: none, -1: all
 * @param repeatPenalty divides positive and multiplies negative logits of tokens seen; 1: none
 * @param frequencyPenalty taken from a logit for each time that its token was seen
 * @param presencePenalty taken once from a logit whose token was seen
 * @param logitBias added to the logits of single tokens; negative infinity bans one
 * @param seed of the random numbers: the same seed, the same text
 */
public record Sampling(
    float temperature,
    int topK,
    float topP,
    float minP,
    int penaltyLastN,
    float repeatPenalty,
    float frequencyPenalty,
    float presencePenalty,
    Map<Integer, Float> logitBias,
    long seed) {
  /** llama.cpp's defaults, with seed 0. */
  public static final Sampling DEFAULT =
      new Sampling(0.8f, 40, 0.95f, 0.05f, 64, 1, 0, 0, Map.of(), 0);

  /** Always the most likely token. */
  public static final Sampling GREEDY = DEFAULT.withTemperature(0);

  public Sampling {
    logitBias = Map.copyOf(logitBias);
    check(
        !Float.isNaN(temperature) && temperature < Float.POSITIVE_INFINITY,
        "temperature",
        temperature,
        "a number");
    check(topK >= 0, "top-k", topK, "0 (all) or more");
    check(topP > 0 && topP <= 1, "top-p", topP, "above 0 and at most 1");
    check(minP >= 0 && minP <= 1, "min-p", minP, "from 0 to 1");
    check(penaltyLastN >= -1, "repeat-last-n", penaltyLastN, "-1 (all) or more");
    check(
        repeatPenalty > 0 && repeatPenalty < Float.POSITIVE_INFINITY,
        "repeat-penalty",
        repeatPenalty,
        "above 0");
    check(
        Float.isFinite(frequencyPenalty), "frequency-penalty", frequencyPenalty, "a finite number");
    check(Float.isFinite(presencePenalty), "presence-penalty", presencePenalty, "a finite number");
  }

  private static void check(boolean holds, String name, Number value, String wanted) {
    if (!holds) {
      throw new LaminaException(name + " is " + value + ": it must be " + wanted);
    }
  }

  public Sampling withTemperature(float value) {
    return new Sampling(
        value,
        topK,
        topP,
        minP,
        penaltyLastN,
        repeatPenalty,
        frequencyPenalty,
        presencePenalty,
        logitBias,
        seed);
  }

  public Sampling withSeed(long value) {
    return new Sampling(
        temperature,
        topK,
        topP,
        minP,
        penaltyLastN,
        repeatPenalty,
        frequencyPenalty,
        presencePenalty,
        logitBias,
        value);
  }

  boolean penalises() {
    return penaltyLastN != 0
        && (repeatPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0);
  }

  /**
   * Whether the answer is the greatest unchanged logit, which a device can give without handing out
   * the logits.
   */
  boolean isPlainGreedy() {
    return temperature <= 0 && logitBias.isEmpty() && !penalises();
  }
}
