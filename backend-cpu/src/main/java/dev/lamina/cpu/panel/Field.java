package dev.lamina.cpu.panel;

/**
 * Some bits of a dword of each of 16 rows in a panel's block.
 *
 * @param line offset of the line, or of 32 bytes of 16-bit words
 * @param words whether they are words
 * @param from the lowest bit
 * @param bits how many
 * @param to where they belong in the number that they are a part of
 */
record Field(int line, boolean words, int from, int bits, int to) {
  /** Bits of a line. */
  static Field of(int line, int from, int bits, int to) {
    return new Field(line, false, from, bits, to);
  }
}
