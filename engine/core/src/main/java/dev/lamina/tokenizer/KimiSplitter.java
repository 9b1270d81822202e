package dev.lamina.tokenizer;

/**
 * Kimi K2: runs of Han characters; words of other letters, with the contraction behind them; digits
 * by three; symbols and blanks as in the family of Llama 3. Case does not count, as in llama.cpp.
 */
final class KimiSplitter implements Splitter {
  @Override
  public int match(CodePoints text, int at, int end) {
    int c = text.at(at);
    if (isHan(c)) {
      int i = at;
      while (isHan(text.at(i, end))) {
        i++;
      }
      return i;
    }
    int kind = text.classAt(at, end);
    if (kind == CharClasses.LETTER) {
      return word(text, at, end);
    }
    if (kind == CharClasses.NUMBER) {
      return Scan.run(text, at, end, kind, 3);
    }
    if (!Scan.isNewline(c)) {
      int after = word(text, at + 1, end);
      if (after > at + 1) {
        return after;
      }
    }
    int symbol = c == ' ' ? at + 1 : at;
    int after = Scan.others(text, symbol, end, false);
    if (after > symbol) {
      return Scan.newlines(text, after, end, false);
    }
    return Scan.whitespace(text, at, end, true);
  }

  private static int word(CodePoints text, int at, int end) {
    int i = at;
    while (text.classAt(i, end) == CharClasses.LETTER && !isHan(text.at(i))) {
      i++;
    }
    return i > at ? Scan.contraction(text, i, end, true) : i;
  }

  private static boolean isHan(int c) {
    return c >= 0x4E00 && c <= 0x9FFF
        || c >= 0x3400 && c <= 0x4DBF
        || c >= 0x20000 && c <= 0x2A6DF
        || c >= 0x2A700 && c <= 0x2EBEF
        || c >= 0xF900 && c <= 0xFAFF
        || c >= 0x2F800 && c <= 0x2FA1F;
  }
}
