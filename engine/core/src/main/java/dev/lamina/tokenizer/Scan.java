package dev.lamina.tokenizer;

/** Pieces of the pre-tokenizers' regular expressions. Each returns the end of its match. */
final class Scan {
  private Scan() {}

  static boolean isNewline(int c) {
    return c == '\n' || c == '\r';
  }

  /** {@code 's|'t|'re|'ve|'m|'ll|'d}, with {@code anyCase} also in capitals. */
  static int contraction(CodePoints text, int at, int end, boolean anyCase) {
    if (text.at(at, end) != '\'') {
      return at;
    }
    switch (fold(text.at(at + 1, end), anyCase)) {
      case 's', 't', 'm', 'd' -> {
        return at + 2;
      }
      case 'r', 'v' -> {
        return fold(text.at(at + 2, end), anyCase) == 'e' ? at + 3 : at;
      }
      case 'l' -> {
        return fold(text.at(at + 2, end), anyCase) == 'l' ? at + 3 : at;
      }
      default -> {
        return at;
      }
    }
  }

  private static int fold(int c, boolean anyCase) {
    return anyCase && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
  }

  /** {@code C*} for a class of characters. */
  static int run(CodePoints text, int at, int end, int kind) {
    int i = at;
    while (text.classAt(i, end) == kind) {
      i++;
    }
    return i;
  }

  /** {@code C{0,most}} for a class of characters. */
  static int run(CodePoints text, int at, int end, int kind, int most) {
    int i = at;
    while (i - at < most && text.classAt(i, end) == kind) {
      i++;
    }
    return i;
  }

  /** {@code [^\s\p{L}\p{N}]*}, with {@code marks} {@code [^\s\p{L}\p{M}\p{N}]*}. */
  static int others(CodePoints text, int at, int end, boolean marks) {
    int i = at;
    while (isOther(text.classAt(i, end), marks)) {
      i++;
    }
    return i;
  }

  private static boolean isOther(int kind, boolean marks) {
    return switch (kind) {
      case CharClasses.LETTER, CharClasses.NUMBER, CharClasses.SPACE, CharClasses.END -> false;
      case CharClasses.MARK -> !marks;
      default -> true;
    };
  }

  /** {@code [\r\n]*}, with {@code slash} {@code [\r\n/]*}. */
  static int newlines(CodePoints text, int at, int end, boolean slash) {
    int i = at;
    while (isNewline(text.at(i, end)) || slash && text.at(i, end) == '/') {
      i++;
    }
    return i;
  }

  /** {@code \s*[\r\n]+|\s+(?!\S)|\s+}, or without {@code toNewline} {@code \s+(?!\S)|\s+}. */
  static int whitespace(CodePoints text, int at, int end, boolean toNewline) {
    int i = at;
    int newline = at;
    while (text.classAt(i, end) == CharClasses.SPACE) {
      i++;
      if (isNewline(text.at(i - 1))) {
        newline = i;
      }
    }
    if (toNewline && newline > at) {
      return newline;
    }
    // The last blank before a word goes with the word.
    return i < end && i - at > 1 ? i - 1 : i;
  }
}
