package dev.lamina.session;

import dev.lamina.LaminaException;
import java.util.Arrays;

/**
 * The pieces in which a text is put to a model that is to be measured. Each is evaluated from
 * nothing, and only the predictions in its last part count, so that each of them has a context. How
 * the text is cut is llama.cpp's ({@code tools/perplexity}). What is left of the text behind the
 * last whole window does not count.
 */
public final class TextWindows {
  private final int[] tokens;
  private final int length;
  private final int step;
  private final int first;
  private final int count;
  private final int bos;

  private TextWindows(int[] tokens, int length, int step, int first, int count, int bos) {
    this.tokens = tokens;
    this.length = length;
    this.step = step;
    this.first = first;
    this.count = count;
    this.bos = bos;
  }

  /**
   * Windows one behind the other; the predictions in the second half of each count.
   *
   * @param tokens the text
   * @param context tokens of a window, at least 4
   * @param most windows to take; negative: all
   * @param bos the token that replaces the first one of each window, or -1
   * @throws LaminaException where the text is shorter than a window
   */
  public static TextWindows halves(int[] tokens, int context, int most, int bos) {
    if (context < 4) {
      throw new LaminaException(
          "a window of " + context + " tokens is too short: take -c 4 or more");
    }
    return of(tokens, context, context, context / 2, tokens.length / context, most, bos);
  }

  /**
   * Overlapping windows of {@code context + stride / 2} tokens, each {@code stride} behind the one
   * before; the last {@code stride} predictions of each count.
   *
   * @throws LaminaException where the text is not longer than a window
   */
  public static TextWindows strided(int[] tokens, int context, int stride, int most) {
    if (stride < 1 || stride >= context) {
      throw new LaminaException(
          "the stride is %d: it must be between 1 and the window's %d tokens"
              .formatted(stride, context));
    }
    // Longer than an array can be is longer than any text.
    int length = (int) Math.min(Integer.MAX_VALUE, context + stride / 2L);
    int fitting = Math.ceilDiv(Math.max(0, tokens.length - length), stride);
    // The last window may begin so late that it would end behind the text.
    while (fitting > 0 && (long) (fitting - 1) * stride + length > tokens.length) {
      fitting--;
    }
    return of(tokens, length, stride, length - stride - 1, fitting, most, -1);
  }

  private static TextWindows of(
      int[] tokens, int length, int step, int first, int fitting, int most, int bos) {
    if (fitting == 0) {
      throw new LaminaException(
          "the text has %d tokens, and one window has %d: take a longer text, or a smaller -c"
              .formatted(tokens.length, length));
    }
    int count = most < 0 ? fitting : Math.min(most, fitting);
    if (count == 0) {
      throw new LaminaException("no window of the text was asked for: at least one is needed");
    }
    return new TextWindows(tokens.clone(), length, step, first, count, bos);
  }

  /** Tokens of a window. */
  public int length() {
    return length;
  }

  /** How many windows there are. */
  public int count() {
    return count;
  }

  /** Predictions of each window that count. */
  public int counted() {
    return length - 1 - first;
  }

  /** The tokens that the windows cover, where they lie one behind the other. */
  int[] covered() {
    return Arrays.copyOf(tokens, (count - 1) * step + length);
  }

  /** Told the predictions that count. */
  @FunctionalInterface
  public interface PredictionConsumer {
    /**
     * @param logits one for each token of the vocabulary; valid during the call
     * @param next the token that the text goes on with
     */
    void accept(float[] logits, int next);
  }

  /**
   * Evaluates one window, and hands out the predictions that count, in order.
   *
   * @param session must hold {@link #length()} tokens; what it held is forgotten
   */
  public void evaluate(Session session, int window, PredictionConsumer consumer) {
    int start = window * step;
    session.evaluate(
        input(window),
        first,
        (row, logits) -> {
          if (row + 1 < length) {
            consumer.accept(logits, tokens[start + row + 1]);
          }
        });
  }

  /** The tokens of a window as the model gets them. */
  int[] input(int window) {
    int start = window * step;
    int[] input = Arrays.copyOfRange(tokens, start, start + length);
    if (bos >= 0) {
      input[0] = bos;
    }
    return input;
  }

  /** Told how far a measurement is. */
  @FunctionalInterface
  public interface Progress {
    Progress NONE = (done, total, soFar) -> {};

    /**
     * @param done windows evaluated
     * @param total windows in all
     * @param soFar the result if this were the end
     */
    void window(int done, int total, Estimate soFar);
  }
}
