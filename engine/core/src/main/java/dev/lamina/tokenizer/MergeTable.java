package dev.lamina.tokenizer;

import java.util.Arrays;

/** Which two symbols may be joined, at what rank, and to what; open addressing over longs. */
final class MergeTable {
  private final long[] keys;
  private final int[] ranks;
  private final int[] results;
  private final int mask;

  MergeTable(int expected) {
    int capacity = Vocabulary.slotsFor(expected);
    keys = new long[capacity];
    Arrays.fill(keys, -1);
    ranks = new int[capacity];
    results = new int[capacity];
    mask = capacity - 1;
  }

  /** Adds a merge unless the pair has one already: the first counts. */
  void put(int left, int right, int rank, int result) {
    long key = (long) left << 32 | right;
    int slot = slot(key);
    while (keys[slot] != -1) {
      if (keys[slot] == key) {
        return;
      }
      slot = slot + 1 & mask;
    }
    keys[slot] = key;
    ranks[slot] = rank;
    results[slot] = result;
  }

  /** Rank and result as {@link Merger#pair(int, int)} packs them, or {@link Merger#NONE}. */
  long find(int left, int right) {
    long key = (long) left << 32 | right;
    int slot = slot(key);
    while (keys[slot] != key) {
      if (keys[slot] == -1) {
        return Merger.NONE;
      }
      slot = slot + 1 & mask;
    }
    return Merger.pair(ranks[slot], results[slot]);
  }

  private int slot(long key) {
    long hash = key * 0x9E3779B97F4A7C15L;
    return (int) (hash >>> 32) & mask;
  }
}
