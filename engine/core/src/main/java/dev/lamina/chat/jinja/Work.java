package dev.lamina.chat.jinja;

import java.time.LocalDateTime;

/**
 * The account of one render: what was used up, where in the template we are, and today's date.
 * Everything that makes text or visits elements books here, so that no operation is unbounded.
 */
final class Work {
  /** Nesting of values: lists in lists. */
  static final int MAX_VALUE_DEPTH = 100;

  final Limits limits;
  final LocalDateTime now;
  int line = 1;
  private final long maxChars;
  private final long maxOutput;
  private final long maxSteps;
  private long steps;
  private long chars;
  private int depth;

  Work(Limits limits, LocalDateTime now, long inputChars) {
    this.limits = limits;
    this.now = now;
    this.maxChars = limits.maxChars() + 16 * inputChars;
    this.maxOutput = limits.maxOutput() + 16 * inputChars;
    this.maxSteps = limits.maxSteps() + 16 * inputChars;
  }

  TemplateException error(String problem) {
    return new TemplateException(line, problem);
  }

  void step() {
    if (++steps > maxSteps) {
      throw error("it takes more than " + maxSteps + " steps");
    }
  }

  void steps(long n) {
    steps += n;
    if (steps > maxSteps) {
      throw error("it takes more than " + maxSteps + " steps");
    }
  }

  /** Books {@code n} characters before they are made. */
  void chars(long n) {
    chars += n;
    if (n < 0 || chars > maxChars) {
      throw error("it makes more than " + maxChars + " characters of text");
    }
    steps(n >> 4);
  }

  /** How many characters may still be made. */
  long remainingChars() {
    return maxChars - chars;
  }

  void output(long length) {
    if (length > maxOutput) {
      throw error("its output has more than " + maxOutput + " characters");
    }
  }

  /** Books {@code n} elements of a new list or mapping. */
  void elements(long n) {
    if (n < 0 || n > limits.maxElements()) {
      throw error("a list has more than " + limits.maxElements() + " elements");
    }
    steps(n);
    // A reference and its share of the container, in characters.
    chars(4 * n);
  }

  void enter() {
    if (++depth > limits.maxDepth()) {
      throw error("it nests or recurses deeper than " + limits.maxDepth() + " levels");
    }
    step();
  }

  void leave() {
    depth--;
  }
}
