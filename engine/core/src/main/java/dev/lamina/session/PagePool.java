package dev.lamina.session;

import dev.lamina.backend.Limits;
import java.util.Arrays;

/**
 * The pages of one group of layers: which are free, and how many sequences hold each of the others.
 */
final class PagePool {
  private final int[] free;
  private final int[] holders;
  private int freeCount;

  PagePool(Limits.PageGroup group) {
    free = new int[group.pages()];
    holders = new int[group.pages()];
    reset();
  }

  /** Takes a free page, or -1 where there is none. */
  int take() {
    if (freeCount == 0) {
      return -1;
    }
    int page = free[--freeCount];
    holders[page] = 1;
    return page;
  }

  void hold(int page) {
    holders[page]++;
  }

  void release(int page) {
    if (--holders[page] == 0) {
      free[freeCount++] = page;
    } else if (holders[page] < 0) {
      throw new IllegalStateException("page " + page + " released twice");
    }
  }

  boolean isShared(int page) {
    return holders[page] > 1;
  }

  int freePages() {
    return freeCount;
  }

  void reset() {
    Arrays.fill(holders, 0);
    freeCount = free.length;
    for (int i = 0; i < free.length; i++) {
      free[i] = free.length - 1 - i;
    }
  }
}
