package dev.lamina.cpu.panel;

/** What repacking does with a part of a block: the same for each of 16 rows. */
sealed interface Move {
  /** Four bytes of each row to a line. */
  record Dwords(int source, int target, int flip) implements Move {}

  /**
   * Four bytes of each row to a line, seen as 32 bits of 32 values: bit {@code 4 j + i} becomes bit
   * {@code j} of byte {@code i}.
   */
  record Bits(int source, int target) implements Move {}

  /** Two bytes of each row to 32 bytes. */
  record Words(int source, int target) implements Move {}

  /** One byte of each row to 16 bytes. */
  record Bytes(int source, int target) implements Move {}
}
