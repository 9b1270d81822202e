package dev.lamina.cpu.panel;

import java.util.List;

/** What repacking does with a part of a block: the same for each of 16 rows. */
sealed interface Move {
  /** Some bits of four bytes of each row, shifted right (left where negative). */
  record Part(int source, int mask, int right) {}

  /** How dwords are stored. */
  enum Shape {
    /** As a line. */
    LINE,
    /** As a line, in the order of {@link Bits}. */
    TRANSPOSED,
    /** Their low halves, as 32 bytes. */
    WORDS
  }

  /** Dwords put together from parts. */
  record Parts(List<Part> parts, int target, Shape shape) implements Move {}

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
