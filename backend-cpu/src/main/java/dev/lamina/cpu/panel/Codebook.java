package dev.lamina.cpu.panel;

import java.util.List;

/**
 * Values that come 8 or 4 at a time from a grid. Before the products of 32 columns, the entries
 * that their indices name are looked up and written to lines of scratch memory, from where {@link
 * Piece}s take them like the bits of other types.
 *
 * @param entries the grid: dwords of codes, one or two in each byte
 * @param lookups entries for 32 values
 * @param index what makes the index of a lookup
 * @param shift the bit that moves the values of a lookup: sets bit 2 of each code; null for none
 * @param signs the line of the signs of the first 32 values (those of the next follow), where every
 *     eighth sign is the parity of the seven before and its bit says something else; -1 where signs
 *     are as they are, or none
 */
record Codebook(int[] entries, int lookups, Index index, Shift shift, int signs) {
  /** Where a lookup's line lies in scratch memory, behind the scales. */
  static final int LOOKUPS = 2048;

  /** Where the line of the completed signs lies. */
  static final int SIGNS = LOOKUPS + 8 * 64;

  /** What a lookup's index is made of. */
  interface Index {
    List<Field> of(int record, int lookup);
  }

  /** The bit that moves a lookup's values. */
  interface Shift {
    Field of(int record, int lookup);
  }
}
