package dev.lamina.backend;

/** What a step is wanted for. */
public enum Output {
  /** The hidden state of every token, for the next stage. */
  HIDDEN,
  /** The logits of the rows that want output. */
  LOGITS,
  /** Only the most likely token of each row that wants output. */
  GREEDY
}
