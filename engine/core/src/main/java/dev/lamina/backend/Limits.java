package dev.lamina.backend;

import java.util.List;

/**
 * The most that a program must be able to do at once; what it allocates follows from this.
 *
 * @param maxTokens tokens in a step (llama.cpp's {@code n_ubatch})
 * @param maxOutputs rows that want output in a step
 * @param maxSequences sequences at once; a step names them by slot, from 0
 * @param pageSize positions in a KV page
 * @param groups the pools of pages, one for each {@link KvSpec#group()}
 */
public record Limits(
    int maxTokens, int maxOutputs, int maxSequences, int pageSize, List<PageGroup> groups) {
  /**
   * A pool of pages that all layers of a group have alike.
   *
   * @param pages pages in the pool, shared by all sequences
   * @param maxPagesPerSequence the length of a sequence's page table
   */
  public record PageGroup(int pages, int maxPagesPerSequence) {}

  public Limits {
    groups = List.copyOf(groups);
  }

  /** Bytes of the pages of one layer. */
  public long kvBytes(KvSpec kv) {
    return Math.multiplyExact(
        kv.bytesPerPosition(), (long) groups.get(kv.group()).pages() * pageSize);
  }
}
