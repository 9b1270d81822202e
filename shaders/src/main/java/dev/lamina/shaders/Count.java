package dev.lamina.shaders;

/**
 * A number that a step decides.
 *
 * @param kind what is counted
 * @param list for {@link Kind#TILES}, which list of tiles; else 0
 */
public record Count(Kind kind, int list) {
  /** What a step has so many of. */
  public enum Kind {
    /** Tokens of the step. */
    TOKENS,
    /** Rows that want output. */
    OUTPUTS,
    /** Tokens of the sequence that has most in this step. */
    LONGEST_RUN,
    /** Parts into which attention cuts the positions. */
    SPLITS,
    /** Attention tiles of a list. */
    TILES
  }

  static final Count TOKENS = new Count(Kind.TOKENS, 0);
  static final Count OUTPUTS = new Count(Kind.OUTPUTS, 0);
  static final Count LONGEST_RUN = new Count(Kind.LONGEST_RUN, 0);
  static final Count SPLITS = new Count(Kind.SPLITS, 0);

  static Count tiles(int list) {
    return new Count(Kind.TILES, list);
  }
}
