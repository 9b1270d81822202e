package dev.lamina.session;

import java.util.Arrays;

/**
 * One sequence of tokens whose keys and values are kept: a slot of the engine, its tokens, and its
 * pages in each group.
 */
final class Sequence {
  private final int slot;
  private final int[][] pages;
  private int[] tokens = new int[64];
  private int length;

  /**
   * @param slot its number in {@link dev.lamina.backend.Step#slots()}
   * @param pages an empty page table for each group, -1 everywhere
   */
  Sequence(int slot, int[][] pages) {
    this.slot = slot;
    this.pages = pages;
  }

  int slot() {
    return slot;
  }

  /** The page table of a group, by page of the sequence; -1 where there is none. */
  int[] pages(int group) {
    return pages[group];
  }

  int[][] pages() {
    return pages;
  }

  /** Tokens whose keys and values are kept. */
  int length() {
    return length;
  }

  int token(int position) {
    return tokens[position];
  }

  int[] tokens() {
    return Arrays.copyOf(tokens, length);
  }

  void append(int[] more, int from, int count) {
    if (length + count > tokens.length) {
      tokens = Arrays.copyOf(tokens, Math.max(length + count, tokens.length * 2));
    }
    System.arraycopy(more, from, tokens, length, count);
    length += count;
  }

  void setLength(int length) {
    this.length = length;
  }
}
