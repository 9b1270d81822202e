package dev.lamina.app.bench;

/**
 * One thing to measure.
 *
 * @param prompt tokens of a prompt to process, or 0
 * @param generated tokens to generate one by one, or 0; exactly one of the two is not 0
 * @param depth tokens that are in the context before
 * @param parallel texts that are generated at once, a token of each in a step; 1 for a prompt
 */
public record BenchTest(int prompt, int generated, int depth, int parallel) {
  /** llama-bench's name for it: {@code pp512}, {@code tg128 @ d4096}, {@code tg128 x 8}. */
  public String label() {
    String what = prompt > 0 ? "pp" + prompt : "tg" + generated;
    String deep = depth == 0 ? what : what + " @ d" + depth;
    return parallel == 1 ? deep : deep + " x " + parallel;
  }

  /** Tokens that are timed. */
  public int tokens() {
    return prompt + generated * parallel;
  }
}
