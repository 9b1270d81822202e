package dev.lamina.tokenizer;

/** Turns plain text, from which special tokens have been cut out, into token ids. */
sealed interface Encoder permits BpeEncoder, SpmEncoder {
  /**
   * Encodes {@code text[from, to)}.
   *
   * @param afterSpecial whether the text stands at the beginning or after a special token
   */
  void encode(CharSequence text, int from, int to, boolean afterSpecial, IntList out);
}
