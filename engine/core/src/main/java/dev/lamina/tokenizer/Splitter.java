package dev.lamina.tokenizer;

/** One regular expression of a pre-tokenizer, written out as a scanner over code points. */
interface Splitter {
  /**
   * The end of the match that begins at {@code at}, or {@code at} where none does. Looks at nothing
   * before {@code at} and nothing from {@code end} on.
   */
  int match(CodePoints text, int at, int end);
}
