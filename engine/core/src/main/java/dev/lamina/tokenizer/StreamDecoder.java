package dev.lamina.tokenizer;

import java.util.Arrays;

/**
 * Turns tokens into text one by one. Text comes out as soon as it is whole: the bytes of a
 * character that is not complete yet are held back, and bytes that are no UTF-8 become U+FFFD. Not
 * for use from two threads at once.
 */
public final class StreamDecoder {
  private final Tokenizer tokenizer;
  private final boolean showSpecial;
  private boolean stripBlank;
  private byte[] held = new byte[0];

  StreamDecoder(Tokenizer tokenizer, boolean showSpecial, boolean atStart) {
    this.tokenizer = tokenizer;
    this.showSpecial = showSpecial;
    this.stripBlank = atStart && tokenizer.addSpacePrefix();
  }

  /**
   * Takes a token.
   *
   * @return the text that is complete now; empty where nothing is
   * @throws TokenizerException where the id is outside the vocabulary
   */
  public String accept(int id) {
    byte[] bytes = next(id);
    if (bytes.length == 0) {
      return "";
    }
    byte[] all = held;
    if (all.length == 0) {
      all = bytes;
    } else {
      all = Arrays.copyOf(held, held.length + bytes.length);
      System.arraycopy(bytes, 0, all, held.length, bytes.length);
    }
    int ready = all.length - Utf8.incompleteTail(all, 0, all.length);
    held = Arrays.copyOfRange(all, ready, all.length);
    return Utf8.toString(all, 0, ready);
  }

  /** The end of the tokens: what was held back comes out as U+FFFD. */
  public String flush() {
    String rest = Utf8.toString(held, 0, held.length);
    held = new byte[0];
    return rest;
  }

  /** The token's bytes as they are shown. */
  byte[] next(int id) {
    TokenType type = tokenizer.type(id);
    byte[] bytes = type.hidden() && !showSpecial ? new byte[0] : tokenizer.bytes(id);
    if (type.partitions()) {
      stripBlank = tokenizer.addSpacePrefix();
    } else {
      // The blank that encoding put before the text.
      if (stripBlank && bytes.length > 0 && bytes[0] == ' ') {
        bytes = Arrays.copyOfRange(bytes, 1, bytes.length);
      }
      stripBlank = false;
    }
    return bytes;
  }
}
