package dev.lamina.cpu.kernel;

import dev.lamina.cpu.panel.InputFormat;

/**
 * How rounded rows lie for products of several at once: in tiles of as many rows as a product takes
 * (the last one smaller), in a tile record by record, the rows side by side.
 *
 * @param format how a row is rounded
 * @param most rows of a tile
 * @param cols values of a row
 */
record Tokens(InputFormat format, int most, int cols) {
  int tiles(int rows) {
    return (rows + most - 1) / most;
  }

  /** Rows of a tile. */
  int width(int rows, int tile) {
    return Math.min(most, rows - tile * most);
  }

  /** Where a tile begins. */
  long tile(int tile) {
    return tile * most * format.rowBytes(cols);
  }

  /** Where a row's first record lies. */
  long row(int row) {
    return tile(row / most) + (long) (row % most) * format.recordBytes();
  }

  /** Bytes from a row's record to its next. */
  long step(int rows, int row) {
    return (long) width(rows, row / most) * format.recordBytes();
  }

  /** Bytes of that many rows. */
  long bytes(int rows) {
    return rows * format.rowBytes(cols);
  }
}
