package dev.lamina.app.hub;

import dev.lamina.LaminaException;

/** A repository that cannot be had, in one sentence: what, why, and what to do. */
public class HubException extends LaminaException {
  private static final long serialVersionUID = 1L;

  public HubException(String message) {
    super(message);
  }

  public HubException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The hub did not answer, or not in time; what is in the cache may do. */
  public static final class Unreachable extends HubException {
    private static final long serialVersionUID = 1L;

    Unreachable(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
