package dev.lamina.app;

import java.io.PrintWriter;

/**
 * Where generated text goes, piece by piece, each shown at once. In a terminal, control characters
 * in the text are left out, with which a model could drive the terminal; elsewhere the text stays
 * what it is.
 */
final class Screen {

  private final PrintWriter out;
  private final boolean terminal;
  private boolean atLineStart = true;
  private boolean dim;

  Screen(PrintWriter out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  /**
   * Writes a piece of text.
   *
   * @return false where nobody reads any more: the other end of the pipe is closed
   */
  boolean write(String text) {
    if (!text.isEmpty()) {
      out.print(terminal ? harmless(text) : text);
      atLineStart = text.endsWith("\n");
    }
    // Flushes.
    return !out.checkError();
  }

  /** Begins (or ends) text of less weight, where the terminal can show the difference. */
  void dim(boolean on) {
    if (terminal && on != dim) {
      out.print(on ? "\u001b[2m" : "\u001b[0m");
      dim = on;
    }
  }

  /** Ends the line where something stands on it. */
  void endLine() {
    if (!atLineStart) {
      out.println();
      out.flush();
      atLineStart = true;
    }
  }

  static String harmless(String text) {
    int i = 0;
    while (i < text.length() && isHarmless(text.charAt(i))) {
      i++;
    }
    if (i == text.length()) {
      return text;
    }
    var kept = new StringBuilder(text.length()).append(text, 0, i);
    for (; i < text.length(); i++) {
      if (isHarmless(text.charAt(i))) {
        kept.append(text.charAt(i));
      }
    }
    return kept.toString();
  }

  private static boolean isHarmless(char c) {
    return c == '\n' || c == '\t' || !Character.isISOControl(c);
  }
}
