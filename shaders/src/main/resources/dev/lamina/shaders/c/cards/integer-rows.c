// Rows of weights as 8-bit integers with scales. A unit is what one item takes at a time, UNIT_PIECES times 16 values, of
// which number k is piece PIECE_OF(unit, k) of its block. PART values share a scale d, and where MINIMUMS is defined an
// addend m; JOINED is defined where the pieces of a unit are one such part. Where HEAD_BYTES is not 0, the blocks of a row
// lie without their heads, which follow at the end of the row.

#define BLOCK_PIECES (WEIGHT_VALUES / 16)
#define BLOCK_UNITS (BLOCK_PIECES / UNIT_PIECES)
#define PIECE_OF(unit, k) ((unit) / UNIT_STRIDE * (UNIT_STRIDE * UNIT_PIECES) + (unit) % UNIT_STRIDE + UNIT_STRIDE * (k))

// The table in shared memory, for the items of a group.
#if GRID_WORDS > 0
#define GRID_LOAD(id, items)                                                                     \
  SHARED uint grid[GRID_WORDS];                                                                  \
  for (int i = (id) * 4; i < GRID_WORDS; i += (items) * 4) {                                     \
    *(LOCAL uint4 *) (grid + i) = *(GLOBAL const uint4 *) (table + i);                           \
  }                                                                                              \
  BARRIER();
#else
#define GRID_LOAD(id, items) LOCAL const uint *grid = 0;
#endif

DEVICE ulong integerRowBytes(int cols) {
  ulong bytes = (ulong) (cols / WEIGHT_VALUES) * (BLOCK_BYTES + HEAD_BYTES);
#if HEAD_BYTES > 0
  bytes = (bytes + 15) / 16 * 16;
#endif
  return bytes;
}

// Unit number n of a row.
DEVICE void rowUnit(GLOBAL const uchar *row, int n, int cols, LOCAL const uint *grid, uint *w, float *d, float *m) {
  int block = n / BLOCK_UNITS;
  integers(row + (ulong) block * BLOCK_BYTES, row + (ulong) (cols / WEIGHT_VALUES) * BLOCK_BYTES + block * HEAD_BYTES,
      n % BLOCK_UNITS, grid, w, d, m);
}

// Rounded activations: in a row the values, then for each 16 of them their scale and their sum times that.
DEVICE ulong roundedBytes(int cols) { return (ulong) cols + cols / 2; }
