package dev.lamina;

/**
 * A failure that can be told in one sentence: what is wrong, where (file, field, offset), and what
 * to do. The program prints the message and exits with 1; a stack trace is shown only when asked
 * for. Subclasses exist where a caller may want to tell failures apart.
 */
public class LaminaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public LaminaException(String message) {
    super(message);
  }

  public LaminaException(String message, Throwable cause) {
    super(message, cause);
  }
}
