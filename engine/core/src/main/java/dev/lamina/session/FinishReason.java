package dev.lamina.session;

/** Why a generation ended. */
public enum FinishReason {
  /** The model ended its text, or a stop text came. */
  STOP,
  /** As many tokens as asked for were made, or the context is full. */
  LENGTH,
  /** Somebody cancelled it. */
  CANCELLED
}
