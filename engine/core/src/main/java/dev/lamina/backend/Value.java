package dev.lamina.backend;

/**
 * A float32 activation in a graph: a row of {@code width} values for each token of the step, or for
 * each row that wants output.
 *
 * @param id its number in the graph; every value is written by exactly one op (or is the graph's
 *     input)
 * @param width values in a row
 * @param rows what it has a row for
 */
public record Value(int id, int width, Rows rows) {
  /** What a value has a row for. */
  public enum Rows {
    TOKENS,
    OUTPUTS
  }
}
