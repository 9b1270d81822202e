package dev.lamina.model;

import dev.lamina.LaminaException;

/**
 * A file that is sound as GGUF but whose model Lamina cannot run: an architecture that it does not
 * know, a hyper-parameter that makes no sense, a tensor that is missing or has the wrong shape. The
 * message names the file, the key or tensor, and what to do.
 */
public final class ModelException extends LaminaException {
  private static final long serialVersionUID = 1L;

  public ModelException(String message) {
    super(message);
  }
}
