package dev.lamina.cpu.attention;

import dev.lamina.cpu.code.Assembler;
import java.util.ArrayList;
import java.util.List;

/**
 * Emits products on the tiles of AMX: 32 rows times 32 columns, both split to bfloat16 numbers as
 * {@link dev.lamina.cpu.code.Splitting} does it. Products of the n-th number of one factor with the
 * m-th of the other are added up in float32 where n + m is at most 2: what is left out is below the
 * last bit of float32. Subnormal numbers count as zero.
 *
 * <p>Tiles of 1024 bytes lie one behind the other: for each 32 in depth, and each of its numbers,
 * two of rows, or two of columns as pairs of a depth and the one 16 behind.
 *
 * @param asm where to
 * @param rows register with the address of the rows' tiles
 * @param columns register with that of the columns' tiles
 * @param sums register with that of the first row's sums
 * @param lowerSums register with that of the 16th row's
 * @param sumStride register with bytes from row to row of sums
 * @param line register with 64
 */
record TileProducts(
    Assembler asm, int rows, int columns, int sums, int lowerSums, int sumStride, int line) {
  /** Rows and columns of a tile of sums. */
  static final int TILE = 16;

  /** Rows and columns of a step, and its depth. */
  static final int BLOCK = 32;

  /** Numbers that each row's values are the sum of. */
  static final int ROW_SPLITS = 3;

  /** Bytes of one number of 32 rows or columns, 32 in depth. */
  static final int NUMBER_BYTES = 2048;

  private static final int TILE_BYTES = NUMBER_BYTES / 2;
  private static final int MOST_ORDER = ROW_SPLITS - 1;

  // tile registers: sums of (row tile, column tile), row tiles, column tiles
  private static final int SUM_TILE = 0;
  private static final int ROW_TILE = 4;
  private static final int COLUMN_TILE = 6;

  /** The shapes of all tile registers, as {@code LDTILECFG} reads them. */
  static byte[] shapes() {
    byte[] shapes = new byte[64];
    shapes[0] = 1;
    for (int tile = 0; tile < 8; tile++) {
      shapes[16 + 2 * tile] = 64;
      shapes[48 + tile] = TILE;
    }
    return shapes;
  }

  /**
   * The instructions of a step, one by one.
   *
   * @param depth in blocks of 32
   * @param splits numbers that each column's values are the sum of
   * @param columnTiles 1 or 2
   * @param add whether to the sums that are there
   */
  List<Runnable> step(int depth, int splits, int columnTiles, boolean add) {
    List<Runnable> ops = new ArrayList<>();
    for (int r = 0; r < 2; r++) {
      int at = r == 0 ? sums : lowerSums;
      for (int c = 0; c < columnTiles; c++) {
        int tile = sumTile(r, c);
        int disp = 64 * c;
        ops.add(add ? () -> asm.tileLoad(tile, at, sumStride, disp) : () -> asm.tileZero(tile));
      }
    }
    for (int d = 0; d < depth; d++) {
      block(ops, d, splits, columnTiles);
    }
    for (int r = 0; r < 2; r++) {
      int at = r == 0 ? sums : lowerSums;
      for (int c = 0; c < columnTiles; c++) {
        int tile = sumTile(r, c);
        int disp = 64 * c;
        ops.add(() -> asm.tileStore(at, sumStride, disp, tile));
      }
    }
    return ops;
  }

  /** From one product to the next only one of the factors changes. */
  private void block(List<Runnable> ops, int depth, int splits, int columnTiles) {
    int loadedRows = -1;
    int loadedColumns = -1;
    for (int n = 0; n < splits; n++) {
      int most = MOST_ORDER - n;
      for (int i = 0; i <= most; i++) {
        int m = n % 2 == 0 ? most - i : i;
        for (int r = 0; r < 2; r++) {
          if (m != loadedRows) {
            int tile = ROW_TILE + r;
            int at = (depth * ROW_SPLITS + m) * NUMBER_BYTES + r * TILE_BYTES;
            ops.add(() -> asm.tileLoad(tile, rows, line, at));
          }
          for (int c = 0; c < columnTiles; c++) {
            int tile = COLUMN_TILE + c;
            if (n != loadedColumns && r == 0) {
              int at = (depth * splits + n) * NUMBER_BYTES + c * TILE_BYTES;
              ops.add(() -> asm.tileLoad(tile, columns, line, at));
            }
            int sum = sumTile(r, c);
            int row = ROW_TILE + r;
            ops.add(() -> asm.tileFloatProduct(sum, row, tile));
          }
        }
        loadedRows = m;
        loadedColumns = n;
      }
    }
  }

  private static int sumTile(int rowTile, int columnTile) {
    return SUM_TILE + 2 * rowTile + columnTile;
  }
}
