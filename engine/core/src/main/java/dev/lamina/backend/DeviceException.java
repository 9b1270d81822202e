package dev.lamina.backend;

import dev.lamina.LaminaException;

/** A device that cannot go on. The engine answers by placing the work elsewhere. */
public final class DeviceException extends LaminaException {
  private static final long serialVersionUID = 1L;

  /** Why a device failed. */
  public enum Kind {
    OUT_OF_MEMORY,
    COMPILE_FAILED,
    UNSUPPORTED,
    LOST,
    OTHER
  }

  private final Kind kind;

  public DeviceException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public DeviceException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
