package dev.lamina.session;

import dev.lamina.LaminaException;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Step.PageCopy;
import dev.lamina.model.ModelGraph.AttentionGroup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Gives sequences the pages that their tokens need, lets sequences with the same beginning share
 * them (a shared page is copied before it is written), and takes back what lies behind a sliding
 * window.
 */
final class KvPages {
  private final Limits limits;
  private final List<AttentionGroup> groups;
  private final PagePool[] pools;

  KvPages(Limits limits, List<AttentionGroup> groups) {
    this.limits = limits;
    this.groups = groups;
    pools = limits.groups().stream().map(PagePool::new).toArray(PagePool[]::new);
  }

  /**
   * The pools for {@code sequences} sequences of {@code context} tokens. A group with a window
   * needs only the window, the tokens of a step, and a page at either end.
   */
  static List<Limits.PageGroup> groups(
      List<AttentionGroup> groups, int context, int sequences, int maxTokens, int pageSize) {
    List<Limits.PageGroup> out = new ArrayList<>();
    int full = Math.ceilDiv(context, pageSize);
    for (AttentionGroup group : groups) {
      int needed =
          group.window() == 0
              ? full
              : (int) Math.min(full, Math.ceilDiv((long) group.window() + maxTokens, pageSize) + 1);
      out.add(new Limits.PageGroup(Math.multiplyExact(needed, sequences), full));
    }
    return out;
  }

  Sequence newSequence(int slot) {
    int[][] pages = new int[groups.size()][];
    for (int g = 0; g < pages.length; g++) {
      pages[g] = new int[limits.groups().get(g).maxPagesPerSequence()];
      Arrays.fill(pages[g], -1);
    }
    return new Sequence(slot, pages);
  }

  /**
   * Checks that {@code sequence} can hold {@code count} more tokens. To be asked for all sequences
   * of a step before any is extended: an extension that is not followed by its step loses the
   * copies of shared pages.
   *
   * @throws LaminaException where it cannot
   */
  void requireRoom(Sequence sequence, int count) {
    for (int g = 0; g < pools.length; g++) {
      long most = (long) sequence.pages(g).length * limits.pageSize();
      if (count > most - sequence.length()) {
        throw new LaminaException(
            "the context of " + most + " tokens is full: ask for a larger one (-c)");
      }
    }
  }

  /**
   * Gives {@code sequence} pages of its own for {@code count} tokens after its present end, for
   * which it must have room.
   *
   * @param copies where the copies of pages that were shared go
   */
  void extend(Sequence sequence, int count, List<PageCopy> copies) {
    int from = sequence.length();
    for (int g = 0; g < pools.length; g++) {
      int[] table = sequence.pages(g);
      for (int p = from / limits.pageSize(); p * limits.pageSize() < from + count; p++) {
        if (table[p] < 0) {
          table[p] = take(g);
        } else if (pools[g].isShared(table[p])) {
          int own = take(g);
          copies.add(new PageCopy(g, table[p], own));
          pools[g].release(table[p]);
          table[p] = own;
        }
      }
    }
  }

  private int take(int group) {
    int page = pools[group].take();
    if (page < 0) {
      throw new LaminaException(
          "no KV page is free: close a session or ask for a larger context (-c)");
    }
    return page;
  }

  /** Takes back the pages that no token after the end of {@code sequence} can see. */
  void forgetBehindWindow(Sequence sequence) {
    for (int g = 0; g < pools.length; g++) {
      int window = groups.get(g).window();
      if (window > 0) {
        int firstSeen = sequence.length() - window + 1;
        int[] table = sequence.pages(g);
        for (int p = 0; (p + 1) * limits.pageSize() <= firstSeen; p++) {
          drop(g, table, p);
        }
      }
    }
  }

  /**
   * Whether {@code sequence} can be cut to {@code length} tokens and go on from there: whether
   * every page is still there that the next token sees.
   */
  boolean canTruncate(Sequence sequence, int length) {
    for (int g = 0; g < pools.length; g++) {
      int window = groups.get(g).window();
      int firstSeen = window == 0 ? 0 : Math.max(0, length - window + 1);
      int[] table = sequence.pages(g);
      for (int p = firstSeen / limits.pageSize(); p * limits.pageSize() < length; p++) {
        if (table[p] < 0) {
          return false;
        }
      }
    }
    return true;
  }

  /** Cuts {@code sequence} to {@code length} tokens. */
  void truncate(Sequence sequence, int length) {
    for (int g = 0; g < pools.length; g++) {
      int[] table = sequence.pages(g);
      for (int p = Math.ceilDiv(length, limits.pageSize()); p < table.length; p++) {
        drop(g, table, p);
      }
    }
    sequence.setLength(length);
  }

  /**
   * Lets {@code to}, which is empty, begin with the first {@code length} tokens of {@code from};
   * pages are shared.
   */
  void share(Sequence from, Sequence to, int length) {
    for (int g = 0; g < pools.length; g++) {
      for (int p = 0; p * limits.pageSize() < length; p++) {
        int page = from.pages(g)[p];
        to.pages(g)[p] = page;
        if (page >= 0) {
          pools[g].hold(page);
        }
      }
    }
    to.append(from.tokens(), 0, length);
  }

  /**
   * Takes all pages of all sequences back without asking who holds them, for a fresh start after a
   * failure.
   */
  void reset(Iterable<Sequence> sequences) {
    for (PagePool pool : pools) {
      pool.reset();
    }
    for (Sequence sequence : sequences) {
      for (int[] table : sequence.pages()) {
        Arrays.fill(table, -1);
      }
    }
  }

  int freePages(int group) {
    return pools[group].freePages();
  }

  private void drop(int group, int[] table, int p) {
    if (table[p] >= 0) {
      pools[group].release(table[p]);
      table[p] = -1;
    }
  }
}
