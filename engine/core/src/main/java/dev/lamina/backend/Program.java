package dev.lamina.backend;

/**
 * A compiled graph with its KV pages and its buffers. Submitting a step is one call; nothing is
 * compiled again.
 */
public interface Program extends AutoCloseable {
  /**
   * Where the hidden state goes in: float32 {@code [tokens][width]}. Absent (an error to ask for)
   * where the graph begins with an embedding lookup.
   */
  Buffer input();

  /**
   * Where a result comes out: {@link Output#HIDDEN} float32 {@code [tokens][width]}, {@link
   * Output#LOGITS} float32 {@code [outputs][vocabulary]}, {@link Output#GREEDY} int32 {@code
   * [outputs]}. An error to ask for one that the graph does not make. Rows beyond those of the last
   * step hold anything.
   */
  Buffer output(Output output);

  /**
   * Enqueues one step. {@code step} is not kept: its arrays may be reused on return.
   *
   * @throws IllegalArgumentException where {@link Limits#check} finds the step wrong; nothing is
   *     enqueued then
   */
  Completion submit(Step step);

  @Override
  void close();
}
