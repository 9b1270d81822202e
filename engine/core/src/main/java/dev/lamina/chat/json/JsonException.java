package dev.lamina.chat.json;

import dev.lamina.LaminaException;

/** Text that is not JSON; the message says where and why. */
public final class JsonException extends LaminaException {
  private static final long serialVersionUID = 1L;

  JsonException(int offset, String problem) {
    super("JSON, character " + offset + ": " + problem);
  }

  public JsonException(String problem) {
    super("JSON: " + problem);
  }
}
