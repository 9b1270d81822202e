package dev.lamina.session;

import dev.lamina.LaminaException;
import java.util.ArrayList;
import java.util.List;

/**
 * How far and how to generate.
 *
 * @param maxTokens the most tokens to generate; -1: until the model ends or the context is full
 * @param sampling how tokens are picked
 * @param stop texts that end the generation; they are not part of the result
 * @param ignoreEnd whether to go on when the model ends its text
 * @param logProbabilities how many alternatives to give with each token; 0: the token's own only;
 *     -1: none
 * @param renderSpecial whether special tokens appear in the text
 */
public record GenerateOptions(
    int maxTokens,
    Sampling sampling,
    List<String> stop,
    boolean ignoreEnd,
    int logProbabilities,
    boolean renderSpecial) {
  /** Until the model ends, with llama.cpp's sampling defaults. */
  public static final GenerateOptions DEFAULT =
      new GenerateOptions(-1, Sampling.DEFAULT, List.of(), false, -1, false);

  public GenerateOptions {
    stop = List.copyOf(stop);
    if (maxTokens < -1) {
      throw new LaminaException(
          "the number of tokens to generate is "
              + maxTokens
              + ": it must be -1 (no limit) or more");
    }
    if (stop.contains("")) {
      throw new LaminaException("a stop text is empty: it would end every text at once");
    }
    if (logProbabilities < -1) {
      throw new LaminaException(
          "the number of alternatives is " + logProbabilities + ": it must be -1 (none) or more");
    }
  }

  public GenerateOptions withMaxTokens(int value) {
    return new GenerateOptions(value, sampling, stop, ignoreEnd, logProbabilities, renderSpecial);
  }

  public GenerateOptions withSampling(Sampling value) {
    return new GenerateOptions(maxTokens, value, stop, ignoreEnd, logProbabilities, renderSpecial);
  }

  public GenerateOptions withStop(String... values) {
    return new GenerateOptions(
        maxTokens, sampling, List.of(values), ignoreEnd, logProbabilities, renderSpecial);
  }

  /** The same with further stop texts. */
  public GenerateOptions andStop(List<String> more) {
    List<String> all = new ArrayList<>(stop);
    all.addAll(more);
    return new GenerateOptions(
        maxTokens, sampling, all, ignoreEnd, logProbabilities, renderSpecial);
  }

  public GenerateOptions withIgnoreEnd(boolean value) {
    return new GenerateOptions(maxTokens, sampling, stop, value, logProbabilities, renderSpecial);
  }

  public GenerateOptions withLogProbabilities(int value) {
    return new GenerateOptions(maxTokens, sampling, stop, ignoreEnd, value, renderSpecial);
  }

  public GenerateOptions withRenderSpecial(boolean value) {
    return new GenerateOptions(maxTokens, sampling, stop, ignoreEnd, logProbabilities, value);
  }
}
