package dev.lamina.tokenizer;

import java.util.Arrays;

/**
 * The merging that byte-pair encoding and SentencePiece share: of all neighbours that may be joined
 * take the pair of the lowest rank, the leftmost of equals, until none is left. Short words are
 * searched in full at each step; long ones use a heap. Both give the same result.
 */
abstract class Merger {
  /** No such pair. */
  static final long NONE = Long.MAX_VALUE;

  private static final int LINEAR = 48;

  /** The bytes of the symbol that begins here (1, or the length of a character). */
  abstract int symbolLength(byte[] text, int from, int to);

  /** The id of a single symbol, or a number that {@link #pair} understands. */
  abstract int symbol(byte[] text, int from, int to);

  /**
   * The rank of a pair in the high half (signed, lower first), the id of the joined symbol in the
   * low half, or {@link #NONE}. The two symbols together are the bytes {@code from..to}.
   */
  abstract long pair(byte[] text, int left, int right, int from, int to);

  static long pair(int rank, int id) {
    return (long) rank << 32 | id & 0xFFFFFFFFL;
  }

  /** Splits a word into symbols and merges them; the result is in the workspace. */
  final void merge(Symbols s, byte[] text, int from, int to) {
    s.clear(to - from);
    int n = 0;
    for (int at = from; at < to; n++) {
      int length = symbolLength(text, at, to);
      s.start[n] = at;
      s.id[n] = symbol(text, at, at + length);
      at += length;
    }
    s.start[n] = to;
    s.count = n;
    for (int i = 0; i + 1 < n; i++) {
      s.pair[i] = pair(text, s.id[i], s.id[i + 1], s.start[i], s.start[i + 2]);
    }
    if (n <= LINEAR) {
      mergeShort(s, text);
    } else {
      mergeLong(s, text);
    }
  }

  private void mergeShort(Symbols s, byte[] text) {
    int n = s.count;
    int[] id = s.id;
    int[] start = s.start;
    long[] pair = s.pair;
    while (n > 1) {
      int best = -1;
      int rank = Integer.MAX_VALUE;
      for (int i = 0; i < n - 1; i++) {
        int r = (int) (pair[i] >> 32);
        if (r < rank) {
          rank = r;
          best = i;
        }
      }
      if (best < 0) {
        break;
      }
      id[best] = (int) pair[best];
      int rest = n - best - 2;
      System.arraycopy(id, best + 2, id, best + 1, rest);
      System.arraycopy(start, best + 2, start, best + 1, rest + 1);
      if (rest > 0) {
        System.arraycopy(pair, best + 2, pair, best + 1, rest - 1);
        pair[best] = pair(text, id[best], id[best + 1], start[best], start[best + 2]);
      }
      if (best > 0) {
        pair[best - 1] = pair(text, id[best - 1], id[best], start[best - 1], start[best + 1]);
      }
      n--;
    }
    s.count = n;
  }

  private void mergeLong(Symbols s, byte[] text) {
    int n = s.count;
    int[] id = s.id;
    int[] start = s.start;
    long[] pair = s.pair;
    int[] next = new int[n];
    int[] previous = new int[n];
    Heap heap = new Heap(n);
    for (int i = 0; i < n; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
      if (i + 1 == n) {
        pair[i] = NONE;
      } else if (pair[i] != NONE) {
        heap.push(pair[i] & 0xFFFFFFFF00000000L | i);
      }
    }
    while (!heap.isEmpty()) {
      long top = heap.pop();
      int left = (int) top;
      // A symbol that was merged away has no pair; one that changed since has another rank.
      if (pair[left] == NONE || pair[left] >> 32 != top >> 32) {
        continue;
      }
      int right = next[left];
      id[left] = (int) pair[left];
      pair[right] = NONE;
      int after = next[right];
      next[left] = after;
      pair[left] = NONE;
      if (after < n) {
        previous[after] = left;
        pair[left] = pair(text, id[left], id[after], start[left], start[next[after]]);
        if (pair[left] != NONE) {
          heap.push(pair[left] & 0xFFFFFFFF00000000L | left);
        }
      }
      int before = previous[left];
      if (before >= 0) {
        pair[before] = pair(text, id[before], id[left], start[before], start[after]);
        if (pair[before] != NONE) {
          heap.push(pair[before] & 0xFFFFFFFF00000000L | before);
        }
      }
    }
    int kept = 0;
    for (int i = 0; i < n; i = next[i]) {
      id[kept] = id[i];
      start[kept++] = start[i];
    }
    start[kept] = start[n];
    s.count = kept;
  }

  /** The symbols of a word: id, first byte (and one more: the end), and the pair with the next. */
  static final class Symbols {
    int count;
    int[] id = new int[64];
    int[] start = new int[65];
    long[] pair = new long[64];

    private void clear(int atMost) {
      if (atMost > id.length) {
        int capacity = Math.max(atMost, id.length * 2);
        id = new int[capacity];
        start = new int[capacity + 1];
        pair = new long[capacity];
      }
      count = 0;
    }
  }

  /** A binary heap of longs, smallest first. */
  private static final class Heap {
    private long[] items;
    private int size;

    Heap(int capacity) {
      items = new long[Math.max(capacity, 16)];
    }

    boolean isEmpty() {
      return size == 0;
    }

    void push(long item) {
      if (size == items.length) {
        items = Arrays.copyOf(items, size * 2);
      }
      int at = size++;
      while (at > 0) {
        int parent = (at - 1) >>> 1;
        if (items[parent] <= item) {
          break;
        }
        items[at] = items[parent];
        at = parent;
      }
      items[at] = item;
    }

    long pop() {
      long top = items[0];
      long item = items[--size];
      int at = 0;
      for (int child; (child = 2 * at + 1) < size; at = child) {
        if (child + 1 < size && items[child + 1] < items[child]) {
          child++;
        }
        if (items[child] >= item) {
          break;
        }
        items[at] = items[child];
      }
      items[at] = item;
      return top;
    }
  }
}
