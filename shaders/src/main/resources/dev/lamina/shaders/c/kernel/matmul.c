// Products of a matrix with many tokens, by tiles of TILE_ROWS rows and TILE_TOKENS tokens in local memory, 16 values
// deep. An item makes 16 rows times 4 tokens; 8 items lie side by side along the rows.

#define RUNS 8
#define TILE_ROWS (RUNS * 16)
#define ITEMS (RUNS * TILE_TOKENS / 4)
// Not a multiple of the banks.
#define IN_STRIDE (TILE_TOKENS + 4)

// inRow and outRow: where the tokens of the tile are read and written, or null for token after token.
DEVICE void tile(LOCAL float *w, LOCAL float *x, GLOBAL const uchar *weight, GLOBAL const uint *table,
    GLOBAL const float *in, LOCAL const int *inRow, GLOBAL float *out, LOCAL const int *outRow, int cols, int row,
    int rows, int width, int tokens, GLOBAL const float *addend, int kind) {
  int run = LOCAL_ID(0);
  int four = LOCAL_ID(1) * 4;
  int id = LOCAL_ID(1) * RUNS + run;
  ulong bytes = rowBytes(cols);
  int pieces = (cols + 15) / 16;
  float16 acc0 = SPLAT16(0.0f);
  float16 acc1 = acc0;
  float16 acc2 = acc0;
  float16 acc3 = acc0;
  for (int c = 0; c < pieces; c++) {
    for (int r = id; r < TILE_ROWS; r += ITEMS) {
      int from = row + r < rows ? row + r : rows - 1;
      spread16(w + r, TILE_ROWS, piece(weight + from * bytes, c, cols, table));
    }
    for (int i = id; i < TILE_TOKENS * 16; i += ITEMS) {
      int t = i / 16;
      int col = c * 16 + i % 16;
      x[i % 16 * IN_STRIDE + t] = t < tokens && col < cols ? in[(ulong) inRow[t] * cols + col] : 0.0f;
    }
    BARRIER();
    UNROLL_ON_CARDS for (int k = 0; k < 16; k++) {
      float16 v = TILE_ROWS16(w + k * TILE_ROWS, run, RUNS);
      float4 y = load4(x + k * IN_STRIDE + four);
      acc0 = FMA16(v, SPLAT16(y.x), acc0);
      acc1 = FMA16(v, SPLAT16(y.y), acc1);
      acc2 = FMA16(v, SPLAT16(y.z), acc2);
      acc3 = FMA16(v, SPLAT16(y.w), acc3);
    }
    BARRIER();
  }
  float16 acc[4] = {acc0, acc1, acc2, acc3};
  UNROLL for (int t = 0; t < 4; t++) {
    if (four + t < tokens) {
      float values[16];
      unpack16(values, acc[t]);
      ulong first = (ulong) outRow[four + t] * width;
      UNROLL_ON_CARDS for (int i = 0; i < 16; i++) {
        int r = row + TILE_ROW(run, i, RUNS);
        if (r < rows) {
          out[first + r] = plus(values[i], addend, kind, first + r, r);
        }
      }
    }
  }
}

// As matvec. Group x: rows; group y: tokens.
KERNEL(RUNS, TILE_TOKENS / 4) matmul(GLOBAL const uchar *weight, GLOBAL const uint *table, GLOBAL const float *in,
    GLOBAL float *out, GLOBAL const float *addend, int kind, int cols, int rows, int firstRow, int width,
    int tokens) {
  SHARED float w[TILE_ROWS * 16];
  SHARED float x[IN_STRIDE * 16];
  SHARED int token[TILE_TOKENS];
  int id = LOCAL_ID(1) * RUNS + LOCAL_ID(0);
  if (id < TILE_TOKENS) {
    token[id] = GROUP_ID(1) * TILE_TOKENS + id;
  }
  BARRIER();
  tile(w, x, weight, table, in, token, out + firstRow, token, cols, GROUP_ID(0) * TILE_ROWS, rows, width,
      tokens - GROUP_ID(1) * TILE_TOKENS, addend + firstRow, kind);
}

// As matvecExperts, by the plan of expertPlan: group y is a tile of it.
KERNEL(RUNS, TILE_TOKENS / 4) matmulExperts(GLOBAL const uchar *weight, GLOBAL const uint *table,
    GLOBAL const int *plan, GLOBAL const float *in, GLOBAL float *out, int cols, int rows, int used, int perSlot,
    int firstExpert, int count) {
  SHARED float w[TILE_ROWS * 16];
  SHARED float x[IN_STRIDE * 16];
  SHARED int inRow[TILE_TOKENS];
  SHARED int outRow[TILE_TOKENS];
  int id = LOCAL_ID(1) * RUNS + LOCAL_ID(0);
  if (GROUP_ID(1) >= plan[0]) {
    return;
  }
  GLOBAL const int *mine = plan + 1 + 3 * GROUP_ID(1);
  int expert = mine[0] - firstExpert;
  int tokens = mine[2];
  if (expert < 0 || expert >= count) {
    return;
  }
  if (id < TILE_TOKENS) {
    int slot = id < tokens ? plan[mine[1] + id] : 0;
    outRow[id] = slot;
    inRow[id] = perSlot ? slot : slot / used;
  }
  BARRIER();
  tile(w, x, weight + (ulong) expert * rows * rowBytes(cols), table, in, inRow, out, outRow, cols,
      GROUP_ID(0) * TILE_ROWS, rows, rows, tokens, in, 0);
}
