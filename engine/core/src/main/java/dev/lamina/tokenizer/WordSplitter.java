package dev.lamina.tokenizer;

/**
 * The family of Llama 3 and Qwen: {@code (?i:'s|'t|'re|'ve|'m|'ll|'d)| [^\r\n\p{L}\p{N}]?\p{L}+|
 * \p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+}.
 *
 * @param contractions whether the first part is there
 * @param digits most digits in a piece
 * @param marks whether combining marks count as letters
 * @param newlines whether newlines after symbols go with them
 */
record WordSplitter(boolean contractions, int digits, boolean marks, boolean newlines)
    implements Splitter {
  WordSplitter(int digits) {
    this(true, digits, false, true);
  }

  @Override
  public int match(CodePoints text, int at, int end) {
    if (contractions) {
      int after = Scan.contraction(text, at, end, true);
      if (after > at) {
        return after;
      }
    }
    int c = text.at(at);
    int kind = text.classAt(at, end);
    if (isLetter(kind)) {
      return letters(text, at + 1, end);
    }
    if (kind == CharClasses.NUMBER) {
      return Scan.run(text, at, end, kind, digits);
    }
    if (!Scan.isNewline(c) && isLetter(text.classAt(at + 1, end))) {
      return letters(text, at + 2, end);
    }
    int symbol = c == ' ' ? at + 1 : at;
    int after = Scan.others(text, symbol, end, marks);
    if (after > symbol) {
      return newlines ? Scan.newlines(text, after, end, false) : after;
    }
    return Scan.whitespace(text, at, end, true);
  }

  private boolean isLetter(int kind) {
    return kind == CharClasses.LETTER || marks && kind == CharClasses.MARK;
  }

  private int letters(CodePoints text, int at, int end) {
    int i = at;
    while (isLetter(text.classAt(i, end))) {
      i++;
    }
    return i;
  }
}
