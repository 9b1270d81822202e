package dev.lamina.tokenizer;

/**
 * The family of GPT-4o and Tekken, which cut words where small letters are followed by capitals:
 * {@code [^\r\n\p{L}\p{N}]?U*L+C?| [^\r\n\p{L}\p{N}]?U+L*C?|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+
 * [\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+}, where U is a letter but a-z, L one but A-Z and C a
 * contraction in any case. As in llama.cpp only ASCII letters have a case.
 *
 * @param contractions whether C is there
 * @param digits most digits in a piece
 */
record CasedSplitter(boolean contractions, int digits) implements Splitter {
  @Override
  public int match(CodePoints text, int at, int end) {
    int c = text.at(at);
    int kind = text.classAt(at, end);
    if (kind == CharClasses.NUMBER) {
      return Scan.run(text, at, end, kind, digits);
    }
    if (kind != CharClasses.LETTER && !Scan.isNewline(c)) {
      int after = word(text, at + 1, end);
      if (after > at + 1) {
        return after;
      }
    }
    int after = word(text, at, end);
    if (after > at) {
      return after;
    }
    int symbol = c == ' ' ? at + 1 : at;
    after = Scan.others(text, symbol, end, false);
    if (after > symbol) {
      return Scan.newlines(text, after, end, true);
    }
    return Scan.whitespace(text, at, end, true);
  }

  /** {@code (U*L+|U+L*)C?}, or {@code at} where there is no letter. */
  private int word(CodePoints text, int at, int end) {
    int upper = at;
    int lastLower = -1;
    while (text.classAt(upper, end) == CharClasses.LETTER && !isSmall(text.at(upper))) {
      if (!isCapital(text.at(upper))) {
        lastLower = upper;
      }
      upper++;
    }
    int after = upper;
    while (text.classAt(after, end) == CharClasses.LETTER && !isCapital(text.at(after))) {
      after++;
    }
    // Without small letters behind, U* gives back as little as L+ needs: up to the last letter that
    // counts as both. Without such a letter the second form takes all capitals.
    if (after == upper && lastLower >= 0) {
      after = lastLower + 1;
    }
    return contractions && after > at ? Scan.contraction(text, after, end, true) : after;
  }

  private static boolean isSmall(int c) {
    return c >= 'a' && c <= 'z';
  }

  private static boolean isCapital(int c) {
    return c >= 'A' && c <= 'Z';
  }
}
