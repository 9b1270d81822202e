package dev.lamina.gguf;

import dev.lamina.LaminaException;

/**
 * A file that is no GGUF file, is damaged, or holds what Lamina does not read. The message names
 * the file, the field and the offset.
 */
public final class GgufException extends LaminaException {
  private static final long serialVersionUID = 1L;

  public GgufException(String message) {
    super(message);
  }

  public GgufException(String message, Throwable cause) {
    super(message, cause);
  }
}
