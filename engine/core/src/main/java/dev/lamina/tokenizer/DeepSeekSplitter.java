package dev.lamina.tokenizer;

/**
 * The last expression of DeepSeek V3: {@code [!-/:-~]... [A-Za-z]+|
 * [^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+}.
 */
final class DeepSeekSplitter implements Splitter {
  @Override
  public int match(CodePoints text, int at, int end) {
    int c = text.at(at);
    if (isAsciiPunctuation(c) && isAsciiLetter(text.at(at + 1, end))) {
      int i = at + 2;
      while (isAsciiLetter(text.at(i, end))) {
        i++;
      }
      return i;
    }
    int kind = text.classAt(at, end);
    boolean mayLead =
        !Scan.isNewline(c) && kind != CharClasses.LETTER && !isPunctuationOrSymbol(kind);
    if (mayLead && isLetterOrMark(text.classAt(at + 1, end))) {
      return letters(text, at + 1, end);
    }
    if (isLetterOrMark(kind)) {
      return letters(text, at, end);
    }
    int symbol = c == ' ' ? at + 1 : at;
    int after = symbol;
    while (isPunctuationOrSymbol(text.classAt(after, end))) {
      after++;
    }
    if (after > symbol) {
      return Scan.newlines(text, after, end, false);
    }
    return Scan.whitespace(text, at, end, true);
  }

  private static int letters(CodePoints text, int at, int end) {
    int i = at;
    while (isLetterOrMark(text.classAt(i, end))) {
      i++;
    }
    return i;
  }

  private static boolean isLetterOrMark(int kind) {
    return kind == CharClasses.LETTER || kind == CharClasses.MARK;
  }

  private static boolean isPunctuationOrSymbol(int kind) {
    return kind == CharClasses.PUNCTUATION || kind == CharClasses.SYMBOL;
  }

  private static boolean isAsciiLetter(int c) {
    return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z';
  }

  private static boolean isAsciiPunctuation(int c) {
    return c > ' ' && c < 0x7F && !isAsciiLetter(c) && !(c >= '0' && c <= '9');
  }
}
