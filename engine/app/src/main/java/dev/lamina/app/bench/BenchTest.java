package dev.lamina.app.bench;

/**
 * One thing to measure.
 *
 * @param prompt tokens of a prompt to process, or 0
 * @param generated tokens to generate one by one, or 0; exactly one of the two is not 0
 * @param depth tokens that are in the context before
 */
public record BenchTest(int prompt, int generated, int depth) {
  /** llama-bench's name for it: {@code pp512}, {@code tg128 @ d4096}. */
  public String label() {
    String what = prompt > 0 ? "pp" + prompt : "tg" + generated;
    return depth == 0 ? what : what + " @ d" + depth;
  }

  /** Tokens that are timed. */
  public int tokens() {
    return prompt + generated;
  }
}
