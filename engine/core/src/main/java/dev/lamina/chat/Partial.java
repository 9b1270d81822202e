package dev.lamina.chat;

/** Marks that may be cut in two by a stream. */
final class Partial {
  private Partial() {}

  /**
   * The length of the longest end of {@code text} that is a beginning of, but not all of, a mark.
   */
  static int suffix(CharSequence text, String mark) {
    for (int length = Math.min(text.length(), mark.length() - 1); length > 0; length--) {
      int start = text.length() - length;
      int i = 0;
      while (i < length && text.charAt(start + i) == mark.charAt(i)) {
        i++;
      }
      if (i == length) {
        return length;
      }
    }
    return 0;
  }
}
