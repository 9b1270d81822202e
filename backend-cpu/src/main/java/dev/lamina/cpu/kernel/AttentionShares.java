package dev.lamina.cpu.kernel;

import dev.lamina.backend.Step;
import java.util.Arrays;

/**
 * What attention's threads share in a step: items, each a run of tokens of one sequence at
 * neighbouring positions with a part of the positions that they see. A long run of few rows has
 * several parts, so that there is enough for all threads also where there are few heads and tokens.
 */
final class AttentionShares {
  /** Parts of all, at most, which bounds the memory for what they leave. */
  static final int MOST_PARTS = 128;

  /** Positions of the smallest part. */
  private static final int LEAST = 512;

  /** Units for each thread, about, where runs are long enough. */
  private static final int UNITS = 6;

  private final int heads;
  private final int window;
  private final int pageSize;
  private final int tokensPerRun;
  private final int mostTokensPerRun;
  private final int positionsForMost;
  private final int tokensToSplit;
  private int items;
  private int[] first = new int[16];
  private int[] end = new int[16];
  private int[] from = new int[16];
  private int[] to = new int[16];
  private int[] parts = new int[16];

  /** Where the item's run has its parts among all of all runs that are split, times the heads. */
  private int[] partBase = new int[16];

  /** The item's number among the parts of its run. */
  private int[] part = new int[16];

  /**
   * @param heads key-value heads
   * @param window as in {@link dev.lamina.backend.Op.Attention}
   * @param tokensPerRun tokens of a run, at most, where there are few for each thread, or few
   *     positions
   * @param mostTokensPerRun tokens of a run, at most
   * @param positionsForMost positions that a run with more than {@code tokensPerRun} sees, at least
   * @param tokensToSplit tokens of a run that can be split, at most
   */
  AttentionShares(
      int heads,
      int window,
      int pageSize,
      int tokensPerRun,
      int mostTokensPerRun,
      int positionsForMost,
      int tokensToSplit) {
    this.heads = heads;
    this.window = window;
    this.pageSize = pageSize;
    this.tokensPerRun = tokensPerRun;
    this.mostTokensPerRun = mostTokensPerRun;
    this.positionsForMost = positionsForMost;
    this.tokensToSplit = tokensToSplit;
  }

  /** Shares a step; returns how many items there are. */
  int plan(Step step, int workers) {
    items = 0;
    int n = step.tokens();
    long each = (long) n * heads / ((long) UNITS * workers);
    int most = Math.clamp(each, tokensPerRun, mostTokensPerRun);
    // the last runs of a prompt see most positions: they come first
    for (int last = n; last > 0; ) {
      int start = last - 1;
      int atMost = step.positions()[start] + 1 < positionsForMost ? tokensPerRun : most;
      while (start > 0 && last - start < atMost && step.slots()[start - 1] == step.slots()[start]) {
        start--;
      }
      int position = step.positions()[start];
      int seen = position + last - start;
      item(start, last, window > 0 ? Math.max(0, position - window + 1) : 0, seen);
      last = start;
    }
    split(workers);
    return items;
  }

  private void item(int start, int last, int begin, int seen) {
    if (items == first.length) {
      grow();
    }
    first[items] = start;
    end[items] = last;
    from[items] = begin;
    to[items] = seen;
    parts[items] = 1;
    part[items] = 0;
    items++;
  }

  private void grow() {
    int size = 2 * first.length;
    first = Arrays.copyOf(first, size);
    end = Arrays.copyOf(end, size);
    from = Arrays.copyOf(from, size);
    to = Arrays.copyOf(to, size);
    parts = Arrays.copyOf(parts, size);
    partBase = Arrays.copyOf(partBase, size);
    part = Arrays.copyOf(part, size);
  }

  private void split(int workers) {
    if (workers == 1) {
      return;
    }
    long work = 0;
    for (int i = 0; i < items; i++) {
      work += to[i] - from[i];
    }
    long each = Math.max(LEAST, work * heads / ((long) UNITS * workers));
    int runs = items;
    int left = MOST_PARTS / heads;
    int base = 0;
    for (int i = 0; i < runs; i++) {
      int length = to[i] - from[i];
      int count = (int) Math.min(left, (length + each - 1) / each);
      if (count < 2 || end[i] - first[i] > tokensToSplit) {
        continue;
      }
      // counted from the beginning of the first page, so that there are no more than count
      int size = ((length + pageSize) / count + pageSize) / pageSize * pageSize;
      int at = from[i] / pageSize * pageSize + size;
      int made = 1;
      int added = items;
      int seen = to[i];
      to[i] = Math.min(seen, at);
      for (; at < seen; at += size) {
        item(first[i], end[i], at, Math.min(seen, at + size));
        part[items - 1] = made++;
        partBase[items - 1] = base;
      }
      partBase[i] = base;
      Arrays.fill(parts, added, items, made);
      parts[i] = made;
      base += made * heads;
      left -= made;
    }
  }

  int firstToken(int item) {
    return first[item];
  }

  int endToken(int item) {
    return end[item];
  }

  /** The first position that counts. */
  int from(int item) {
    return from[item];
  }

  /** The position behind the last one. */
  int to(int item) {
    return to[item];
  }

  /** Parts of the item's run. */
  int parts(int item) {
    return parts[item];
  }

  int part(int item) {
    return part[item];
  }

  /** A number for the head's part 0; its others follow. */
  int slot(int item, int head) {
    return partBase[item] + head * parts[item];
  }
}
