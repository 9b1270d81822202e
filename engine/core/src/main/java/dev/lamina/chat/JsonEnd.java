package dev.lamina.chat;

/**
 * Finds where a JSON array or object ends, in text that grows; each character is looked at once.
 */
final class JsonEnd {
  private int begin = -1;
  private int pos;
  private int depth;
  private boolean string;

  /** Forgets the value, since another text comes. */
  void reset() {
    begin = -1;
  }

  /** The index after the value that begins at {@code from} with a bracket; -1 where it goes on. */
  int find(CharSequence text, int from) {
    if (begin != from) {
      begin = from;
      pos = from;
      depth = 0;
      string = false;
    }
    while (pos < text.length()) {
      char c = text.charAt(pos);
      if (string && c == '\\') {
        if (pos + 1 == text.length()) {
          return -1;
        }
        pos++;
      } else if (c == '"') {
        string = !string;
      } else if (!string && (c == '{' || c == '[')) {
        depth++;
      } else if (!string && (c == '}' || c == ']') && --depth == 0) {
        begin = -1;
        return pos + 1;
      }
      pos++;
    }
    return -1;
  }
}
