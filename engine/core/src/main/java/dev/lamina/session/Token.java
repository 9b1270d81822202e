package dev.lamina.session;

import java.util.List;

/**
 * A generated token.
 *
 * @param id its number in the vocabulary; -1 for text that was held back and belongs to earlier
 *     tokens
 * @param text what became readable with it; may be empty, and never holds half a character
 * @param logProbability the natural logarithm of its probability by the model, before sampling
 *     changed it; NaN where not asked for
 * @param alternatives the most likely tokens at this place, greatest first, where asked for
 */
public record Token(int id, String text, float logProbability, List<Alternative> alternatives) {
  /** A token that could have stood here, with the natural logarithm of its probability. */
  public record Alternative(int id, float logProbability) {}

  public Token {
    alternatives = List.copyOf(alternatives);
  }
}
