package dev.lamina.chat.jinja;

import dev.lamina.LaminaException;

/**
 * A template that is not well formed, that fails, that exceeds its {@link Limits}, or that refuses
 * the conversation by calling {@code raise_exception}. The message says the line and what is wrong.
 */
public final class TemplateException extends LaminaException {
  private static final long serialVersionUID = 1L;

  private final int line;
  private final String raised;

  TemplateException(int line, String problem) {
    super("chat template, line " + line + ": " + problem);
    this.line = line;
    this.raised = null;
  }

  private TemplateException(int line, String raised, boolean refused) {
    super("the chat template refuses this conversation (line " + line + "): " + raised);
    this.line = line;
    this.raised = raised;
  }

  /** What is wrong with the choice of a template rather than with a line of one. */
  public TemplateException(String message) {
    super(message);
    this.line = 0;
    this.raised = null;
  }

  static TemplateException refused(int line, String text) {
    return new TemplateException(line, text, true);
  }

  /** The line in the template, from 1; 0 where no line is to blame. */
  public int line() {
    return line;
  }

  /** The text that the template gave to {@code raise_exception}, or null where it did not. */
  public String raised() {
    return raised;
  }
}
