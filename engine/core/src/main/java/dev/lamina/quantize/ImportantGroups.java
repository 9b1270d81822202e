package dev.lamina.quantize;

/** Goes through rows with importances in batches of groups of 32 values, for a search of scales. */
final class ImportantGroups {
  static final int SIZE = 32;

  /** What is found out about a batch. */
  interface Search {
    /** Fits the groups that were loaded. */
    void fit();

    /** Quant {@code i} of group {@code g} of the batch. */
    int quant(int g, int i);

    /** Writes block {@code block} of the rows, group {@code g} of the batch. */
    void write(Rows rows, int block, int g, int[] quants);
  }

  final Groups groups = new Groups(SIZE);
  private final float[] weights = new float[SIZE * Groups.MOST];
  private final int[] quants = new int[SIZE];

  void search(Rows rows, Search search) {
    int blocks = rows.values() / SIZE;
    int inRow = rows.cols() / SIZE;
    float[] x = rows.x();
    float spread = 0;
    for (int first = 0; first < blocks; first += Groups.MOST) {
      int n = Math.min(Groups.MOST, blocks - first);
      for (int g = 0; g < n; g++) {
        int column = (first + g) % inRow;
        int at = rows.from() + (first + g) * SIZE;
        if (column == 0) {
          spread = Weights.meanSquare(x, at, rows.cols());
        }
        Weights.important(x, at, SIZE, rows.importance(), column * SIZE, spread, weights, g * SIZE);
      }
      groups.load(x, rows.from() + first * SIZE, weights, n);
      search.fit();
      for (int g = 0; g < n; g++) {
        for (int i = 0; i < SIZE; i++) {
          quants[i] = search.quant(g, i);
        }
        search.write(rows, first + g, g, quants);
      }
    }
  }
}
