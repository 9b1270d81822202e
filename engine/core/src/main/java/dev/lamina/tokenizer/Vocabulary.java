package dev.lamina.tokenizer;

import java.util.Arrays;

/**
 * Byte strings and their ids, in one array with an open-addressing hash over it. Ids count up from
 * 0 in the order of adding. Entries that no text can spell are kept without being found.
 */
final class Vocabulary {
  private byte[] bytes;
  private int[] offsets;
  private int size;
  private int[] slots;
  private int mask;
  private int found;

  Vocabulary(int expected) {
    bytes = new byte[Math.max(64, expected * 8)];
    offsets = new int[expected + 2];
    int capacity = Integer.highestOneBit(Math.max(16, expected) - 1) << 2;
    slots = new int[capacity];
    mask = capacity - 1;
  }

  int size() {
    return size;
  }

  int start(int id) {
    return offsets[id];
  }

  int end(int id) {
    return offsets[id + 1];
  }

  int length(int id) {
    return offsets[id + 1] - offsets[id];
  }

  byte at(int offset) {
    return bytes[offset];
  }

  byte[] copy(int id) {
    return Arrays.copyOfRange(bytes, offsets[id], offsets[id + 1]);
  }

  /** Adds an entry that {@link #find} will not return. Returns its id. */
  int addUnfindable(byte[] text, int from, int to) {
    int length = to - from;
    int start = offsets[size];
    if (start + length > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(start + length, bytes.length + (bytes.length >> 1)));
    }
    if (size + 2 > offsets.length) {
      offsets = Arrays.copyOf(offsets, offsets.length + (offsets.length >> 1) + 2);
    }
    System.arraycopy(text, from, bytes, start, length);
    offsets[size + 1] = start + length;
    return size++;
  }

  /** Adds an entry, which must not be there yet. Returns its id. */
  int add(byte[] text, int from, int to) {
    int id = addUnfindable(text, from, to);
    if (++found > slots.length >> 1) {
      rehash();
    }
    insert(id);
    return id;
  }

  private void insert(int id) {
    int slot = hash(bytes, offsets[id], offsets[id + 1]) & mask;
    while (slots[slot] != 0) {
      slot = slot + 1 & mask;
    }
    slots[slot] = id + 1;
  }

  private void rehash() {
    int[] old = slots;
    slots = new int[old.length << 1];
    mask = slots.length - 1;
    for (int entry : old) {
      if (entry != 0) {
        insert(entry - 1);
      }
    }
  }

  /** The id of a byte string, or -1. */
  int find(byte[] text, int from, int to) {
    int slot = hash(text, from, to) & mask;
    while (true) {
      int entry = slots[slot];
      if (entry == 0) {
        return -1;
      }
      int start = offsets[entry - 1];
      int end = offsets[entry];
      if (end - start == to - from && Arrays.equals(bytes, start, end, text, from, to)) {
        return entry - 1;
      }
      slot = slot + 1 & mask;
    }
  }

  static int hash(byte[] text, int from, int to) {
    int hash = 0x811C9DC5;
    for (int i = from; i < to; i++) {
      hash = (hash ^ text[i]) * 0x01000193;
    }
    return hash ^ hash >>> 15;
  }
}
