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

  /**
   * @param expected number of entries
   * @param room bytes of all of them; both may be exceeded
   */
  Vocabulary(int expected, int room) {
    bytes = new byte[Math.max(64, room)];
    offsets = new int[expected + 2];
    slots = new int[slotsFor(expected)];
    mask = slots.length - 1;
  }

  /**
   * A power of two between 1.5 and 3 times the number of entries: small, so that it stays in cache.
   */
  static int slotsFor(int entries) {
    return Integer.highestOneBit(Math.clamp(entries * 3L / 2, 16, 1 << 29)) << 1;
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

  /**
   * Makes room for an entry of at most so many bytes, to be written to the array that is returned
   * from {@link #next} on, and then added by {@link #commit} or {@link #commitUnfindable}.
   */
  byte[] reserve(int atMost) {
    int start = offsets[size];
    if (atMost > bytes.length - start) {
      long wanted = Math.max((long) start + atMost, (long) bytes.length + (bytes.length >> 1));
      bytes = Arrays.copyOf(bytes, (int) Math.min(wanted, Integer.MAX_VALUE - 16));
    }
    return bytes;
  }

  /** Where the next entry begins. */
  int next() {
    return offsets[size];
  }

  /** Adds an entry that {@link #find} will not return. Returns its id. */
  int commitUnfindable(int length) {
    if (size + 2 > offsets.length) {
      offsets = Arrays.copyOf(offsets, offsets.length + (offsets.length >> 1) + 2);
    }
    offsets[size + 1] = offsets[size] + length;
    return size++;
  }

  /** Adds an entry; where it is there already, it is not added and its id comes back. */
  int commit(int length) {
    int start = offsets[size];
    int slot = probe(bytes, start, start + length);
    if (slots[slot] != 0) {
      return slots[slot] - 1;
    }
    int id = commitUnfindable(length);
    slots[slot] = id + 1;
    if (++found > slots.length / 3 * 2) {
      rehash();
    }
    return id;
  }

  /** As {@link #commit}, for bytes that stand elsewhere. */
  int add(byte[] text, int from, int to) {
    byte[] into = reserve(to - from);
    System.arraycopy(text, from, into, next(), to - from);
    return commit(to - from);
  }

  private void rehash() {
    int[] old = slots;
    slots = new int[old.length << 1];
    mask = slots.length - 1;
    for (int entry : old) {
      if (entry != 0) {
        slots[probe(bytes, offsets[entry - 1], offsets[entry])] = entry;
      }
    }
  }

  /** The id of a byte string, or -1. */
  int find(byte[] text, int from, int to) {
    return slots[probe(text, from, to)] - 1;
  }

  /** Whether an entry has these bytes. */
  boolean matches(int id, byte[] text, int from, int to) {
    return Arrays.equals(bytes, offsets[id], offsets[id + 1], text, from, to);
  }

  /** The slot of an entry with these bytes, or the free one where it would go. */
  private int probe(byte[] text, int from, int to) {
    int hash = 0x811C9DC5;
    for (int i = from; i < to; i++) {
      hash = (hash ^ text[i]) * 0x01000193;
    }
    int slot = (hash ^ hash >>> 15) & mask;
    while (slots[slot] != 0 && !matches(slots[slot] - 1, text, from, to)) {
      slot = slot + 1 & mask;
    }
    return slot;
  }
}
