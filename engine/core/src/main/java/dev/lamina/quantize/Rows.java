package dev.lamina.quantize;

/**
 * Rows to encode, and where to.
 *
 * @param x holds the values, row after row
 * @param from where they begin
 * @param rows number of rows
 * @param cols values in a row
 * @param importance of each column, or null where nothing is known
 * @param dst takes the blocks
 * @param to where the first block goes
 */
record Rows(float[] x, int from, int rows, int cols, float[] importance, byte[] dst, int to) {
  /** Values in all rows. */
  int values() {
    return rows * cols;
  }

  /** The column of value {@code i}. */
  int column(int i) {
    return i % cols;
  }

  boolean hasImportance() {
    return importance != null;
  }
}
