package dev.lamina.session;

/**
 * What a generation took.
 *
 * @param promptTokens tokens of the prompt
 * @param cachedTokens those of them whose keys and values were there already
 * @param promptNanos time for the others, up to the first token's logits
 * @param generatedTokens tokens generated
 * @param generationNanos time for those after the first
 */
public record Timings(
    int promptTokens,
    int cachedTokens,
    long promptNanos,
    int generatedTokens,
    long generationNanos) {
  /** Prompt tokens per second, NaN where none were computed. */
  public double promptPerSecond() {
    int computed = promptTokens - cachedTokens;
    return computed == 0 ? Double.NaN : computed * 1e9 / promptNanos;
  }

  /** Generated tokens per second, NaN where there are fewer than two. */
  public double generationPerSecond() {
    return generatedTokens < 2 ? Double.NaN : (generatedTokens - 1) * 1e9 / generationNanos;
  }
}
