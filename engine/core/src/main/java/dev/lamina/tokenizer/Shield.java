package dev.lamina.tokenizer;

import java.util.List;

/**
 * Keeps texts that look like control tokens what they are: text. What a user writes goes into a
 * chat template together with the template's own control tokens, and the whole is then encoded with
 * control tokens parsed; without a mark in it, a user's {@code <|im_end|>} would end the user's
 * turn. A text is marked with {@link #mark} before it goes into the template, and {@link #encode}
 * takes the marks out again after the control tokens have been found.
 */
public final class Shield {
  /** A code point that Unicode keeps from ever being a character. */
  private static final char MARK = '\uFDD0';

  private final Tokenizer tokenizer;

  public Shield(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** The text with a mark inside of everything that looks like a control token. */
  public String mark(String text) {
    String clean = text.replace(MARK, '\uFFFD');
    List<Integer> starts = tokenizer.controlStarts(clean);
    if (starts.isEmpty()) {
      return clean;
    }
    StringBuilder marked = new StringBuilder(clean);
    for (int start : starts.reversed()) {
      marked.insert(start + 1, MARK);
    }
    return marked.toString();
  }

  /** As {@link Tokenizer#encode} with control tokens parsed, for a text that has marks in it. */
  public int[] encode(String marked, boolean addSpecial) {
    return tokenizer.encode(marked, addSpecial, true, Shield::unmark);
  }

  /** The text without marks, as a person should see it. */
  public static String unmark(String marked) {
    return marked.indexOf(MARK) < 0 ? marked : marked.replace(String.valueOf(MARK), "");
  }
}
