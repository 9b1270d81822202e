package dev.lamina.backend;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The most that a program must be able to do at once; what it allocates follows from this.
 *
 * @param maxTokens tokens in a step (llama.cpp's {@code n_ubatch})
 * @param maxOutputs rows that want output in a step
 * @param maxSequences sequences at once; a step names them by slot, from 0
 * @param pageSize positions in a KV page: a power of two from 16 on, which kernels may rely on
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

  /** The most rows that a value has. */
  public int maxRows(Value.Rows rows) {
    return switch (rows) {
      case TOKENS -> maxTokens;
      case OUTPUTS -> maxOutputs;
    };
  }

  /**
   * Checks a step against these limits; every program does so before it enqueues anything.
   *
   * @throws IllegalArgumentException where the step is too large, names what does not exist, or its
   *     arrays do not fit each other
   */
  public void check(Step step) {
    int n = step.tokens();
    need(n > 0 && n <= maxTokens, n + " tokens in a step of at most " + maxTokens);
    need(
        step.slots().length == n && step.tokenIds().length == n,
        n + " positions, " + step.slots().length + " slots, " + step.tokenIds().length + " ids");
    need(
        step.outputs() <= maxOutputs,
        step.outputs() + " outputs in a step of at most " + maxOutputs);
    for (int i = 0; i < step.outputs(); i++) {
      int row = step.outputRows()[i];
      need(row >= (i == 0 ? 0 : step.outputRows()[i - 1] + 1) && row < n, "output row " + row);
    }
    need(
        step.pageTable().length >= groups.size(),
        step.pageTable().length + " page tables for " + groups.size() + " groups");
    for (int t = 0; t < n; t++) {
      int slot = step.slots()[t];
      int position = step.positions()[t];
      need(slot >= 0 && slot < maxSequences, "token " + t + " is of slot " + slot);
      need(position >= 0, "token " + t + " is at position " + position);
      for (int g = 0; g < groups.size(); g++) {
        PageGroup group = groups.get(g);
        int[][] table = step.pageTable()[g];
        int[] pages = slot < table.length ? table[slot] : null;
        int page = position / pageSize;
        need(
            pages != null && page < pages.length && page < group.maxPagesPerSequence,
            "position "
                + position
                + " of slot "
                + slot
                + " is beyond the page table of group "
                + g);
        need(
            pages[page] >= 0 && pages[page] < group.pages,
            "position " + position + " of slot " + slot + " is in page " + pages[page]);
      }
    }
    Set<Integer> slots = new HashSet<>();
    for (int t = 0; t < n; t++) {
      int slot = step.slots()[t];
      if (t > 0 && step.slots()[t - 1] == slot) {
        need(
            step.positions()[t] == step.positions()[t - 1] + 1,
            "the positions of slot " + slot + " do not ascend by one");
      } else {
        need(slots.add(slot), "the tokens of slot " + slot + " do not stand together");
      }
    }
    for (Step.PageCopy copy : step.copies()) {
      need(copy.group() >= 0 && copy.group() < groups.size(), "copy of a page of group " + copy);
      int pages = groups.get(copy.group()).pages;
      need(
          copy.from() >= 0 && copy.from() < pages && copy.to() >= 0 && copy.to() < pages,
          copy + " among " + pages + " pages");
    }
  }

  private static void need(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
