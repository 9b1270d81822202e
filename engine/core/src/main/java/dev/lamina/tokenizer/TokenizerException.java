package dev.lamina.tokenizer;

import dev.lamina.LaminaException;

/**
 * A vocabulary that Lamina cannot use, or a token that it does not hold. The message names the file
 * and the key.
 */
public final class TokenizerException extends LaminaException {
  private static final long serialVersionUID = 1L;

  public TokenizerException(String message) {
    super(message);
  }

  public TokenizerException(String message, Throwable cause) {
    super(message, cause);
  }
}
