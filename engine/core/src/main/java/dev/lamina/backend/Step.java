package dev.lamina.backend;

import java.util.List;

/**
 * The data of one step: any number of tokens of any number of sequences, prompt and generation
 * mixed. All stages of a run get the same step.
 *
 * <p>The keys and values of the token at position {@code p} of sequence slot {@code s} live, for a
 * layer of group {@code g}, in page {@code pageTable[g][s][p / pageSize]} at offset {@code p %
 * pageSize}. Entries that no token of the step can see may be -1 (freed by a sliding window, or not
 * yet given). Within a step the tokens of a sequence stand together and their positions ascend by
 * one; {@link Op.KvStore} of a layer is done for all tokens before {@link Op.Attention} of it
 * reads.
 *
 * @param tokenIds a vocabulary number for each token; read only by graphs that begin with {@link
 *     Op.Embed}
 * @param positions a position for each token
 * @param slots a sequence slot for each token
 * @param outputRows the tokens (numbers into the step) that want output, ascending
 * @param pageTable pages by group, slot and page of the sequence; a slot without tokens in the step
 *     may have null
 * @param copies page copies, done before anything else
 * @param want what is read afterwards; a device may skip what this does not need ({@link
 *     Graph#opsFor}). A graph that does not make it makes all of its outputs
 */
public record Step(
    int[] tokenIds,
    int[] positions,
    int[] slots,
    int[] outputRows,
    int[][][] pageTable,
    List<PageCopy> copies,
    Output want) {
  /** Copies the whole of page {@code from} over page {@code to}, in every layer of the group. */
  public record PageCopy(int group, int from, int to) {}

  /** The number of tokens. */
  public int tokens() {
    return positions.length;
  }

  /** The number of rows that want output. */
  public int outputs() {
    return outputRows.length;
  }
}
