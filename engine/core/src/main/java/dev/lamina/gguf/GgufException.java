package dev.lamina.gguf;

import dev.lamina.LaminaException;

/**
 * A file that is no GGUF file, is damaged, or holds what Lamina does not read. The message names
 * the file, the field and the offset.
 */
public final class GgufException extends LaminaException {
  private static final long serialVersionUID = 1L;
  private static final int LONGEST_SHOWN = 80;

  public GgufException(String message) {
    super(message);
  }

  public GgufException(String message, Throwable cause) {
    super(message, cause);
  }

  /** A name from a file, fit for a message: not too long, and nothing that steers a terminal. */
  static String shown(String name) {
    StringBuilder text = new StringBuilder();
    name.codePoints()
        .limit(LONGEST_SHOWN)
        .map(
            c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? 0xFFFD : c)
        .forEach(text::appendCodePoint);
    return name.length() > LONGEST_SHOWN ? text + "..." : text.toString();
  }
}
