package dev.lamina.chat.jinja;

/** Python's view of text: its white space and its lengths in code points. */
final class Text {
  private Text() {}

  /** {@code str.isspace} of one character (all are in the basic plane). */
  static boolean isSpace(int c) {
    return c == ' '
        || c >= 9 && c <= 13
        || c >= 0x1c && c <= 0x1f
        || c == 0x85
        || c == 0xa0
        || c == 0x1680
        || c >= 0x2000 && c <= 0x200a
        || c == 0x2028
        || c == 0x2029
        || c == 0x202f
        || c == 0x205f
        || c == 0x3000;
  }

  static int skipSpace(String s, int from) {
    int at = from;
    while (at < s.length() && isSpace(s.charAt(at))) {
      at++;
    }
    return at;
  }

  static boolean isBlank(String s, int from) {
    return skipSpace(s, from) == s.length();
  }

  static String stripEnd(String s) {
    int end = s.length();
    while (end > 0 && isSpace(s.charAt(end - 1))) {
      end--;
    }
    return s.substring(0, end);
  }

  /** Code points, which is what Python counts. */
  static int length(String s) {
    return s.codePointCount(0, s.length());
  }

  /** The code points from {@code from} (inclusive) to {@code to} (exclusive). */
  static String slice(String s, int from, int to) {
    int length = s.length();
    if (s.codePointCount(0, length) == length) {
      return s.substring(from, to);
    }
    int start = s.offsetByCodePoints(0, from);
    return s.substring(start, s.offsetByCodePoints(start, to - from));
  }

  /** For messages. */
  static String shorten(String s, int most) {
    return length(s) <= most ? s : slice(s, 0, most) + "...";
  }
}
