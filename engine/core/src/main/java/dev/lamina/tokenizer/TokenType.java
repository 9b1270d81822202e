package dev.lamina.tokenizer;

/** The kind of a token, in the order of the numbers in {@code tokenizer.ggml.token_type}. */
public enum TokenType {
  /** No type given; has no text. */
  UNDEFINED,
  /** A piece of text. */
  NORMAL,
  /** Stands for text that has no token. */
  UNKNOWN,
  /** Steers the model (begin, end, turn of a chat); found in a text only when asked for. */
  CONTROL,
  /** Text that is always one token, whatever the merges say. */
  USER_DEFINED,
  /** A place kept free; has no text. */
  UNUSED,
  /** One byte of a character that has no token, written {@code <0xHH>}. */
  BYTE;

  private static final TokenType[] VALUES = values();

  /** The type of a number; numbers without a meaning are {@link #UNDEFINED}, as in llama.cpp. */
  static TokenType of(int number) {
    return number >= 0 && number < VALUES.length ? VALUES[number] : UNDEFINED;
  }

  /** Whether the token is shown only when special tokens are asked for. */
  boolean hidden() {
    return this == CONTROL || this == UNKNOWN;
  }

  /** Whether the token is cut out of a text before it is encoded. */
  boolean partitions() {
    return this == CONTROL || this == UNKNOWN || this == USER_DEFINED;
  }
}
