package dev.lamina.cpu.panel;

/**
 * A part of 4 consecutive values of 16 rows: it lies in one line of 64 bytes, the dword of a lane a
 * row, the byte in it a value.
 *
 * @param derived whether the line was made from the block before, and lies in scratch memory
 * @param line offset of the line in the panel's block, or in scratch memory
 * @param from the lowest of the bits in each byte
 * @param bits how many
 * @param to where they belong in the value
 * @param digit -1, or that the value is this ternary digit (the first is 0) of the byte as a
 *     fraction of 256
 */
record Piece(boolean derived, int line, int from, int bits, int to, int digit) {
  /** Bits of the panel's block. */
  Piece(int line, int from, int bits, int to) {
    this(false, line, from, bits, to, -1);
  }

  /** Bits of a line in scratch memory. */
  static Piece derived(int line, int from, int bits, int to) {
    return new Piece(true, line, from, bits, to, -1);
  }

  /** A ternary digit of each byte of the panel's block. */
  static Piece digit(int line, int digit) {
    return new Piece(false, line, 0, 8, 0, digit);
  }

  /** The bits in their place, in every byte of a dword. */
  int mask() {
    return ((1 << bits) - 1 << to) * 0x01010101;
  }
}
