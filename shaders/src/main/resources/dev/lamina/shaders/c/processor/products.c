// Products on a processor behind OpenCL, in place of kernel/matvec and kernel/matmul: a work-group is a single item,
// which has vectors of 16 and a cache, and neither neighbours nor fast local memory. It makes PANEL_ROWS rows of the
// result.

// Pieces of a row that are decoded at a time: with PANEL_ROWS rows they stay in the first cache.
#define PANEL_PIECES 64
// Tokens that are multiplied with a vector of weights once it is loaded.
#define TOGETHER 4

DEVICE GLOBAL const uchar *panelRow(GLOBAL const uchar *weight, int row, int rows, int cols) {
  // Rows that do not exist repeat the last one, and are dropped at the end.
  return weight + (row < rows ? row : rows - 1) * rowBytes(cols);
}

// One token: every value of a weight is decoded where it is needed.
DEVICE void vectorProduct(GLOBAL const uchar *weight, GLOBAL const uint *table, GLOBAL const float *in,
    GLOBAL float *out, GLOBAL const float *bias, int hasBias, int cols, int rows, int row) {
  GLOBAL const uchar *from[PANEL_ROWS];
  float16 acc[PANEL_ROWS];
  UNROLL for (int r = 0; r < PANEL_ROWS; r++) {
    from[r] = panelRow(weight, row + r, rows, cols);
    acc[r] = SPLAT16(0.0f);
  }
#ifdef RAGGED
  for (int c = 0; c < (cols + 15) / 16; c++) {
    float16 x = inputPiece(in, c, cols);
    UNROLL for (int r = 0; r < PANEL_ROWS; r++) {
      acc[r] = FMA16(piece(from[r], c, cols, table), x, acc[r]);
    }
  }
#else
  // A block at a time, so that what its pieces have in common is read once.
  for (int b = 0; b < cols / WEIGHT_VALUES; b++) {
    UNROLL for (int r = 0; r < PANEL_ROWS; r++) {
      UNROLL for (int p = 0; p < PIECES; p++) {
        acc[r] = FMA16(DECODE(from[r] + (ulong) b * WEIGHT_BYTES, p, table), load16(in + b * WEIGHT_VALUES + p * 16),
            acc[r]);
      }
    }
  }
#endif
  UNROLL for (int r = 0; r < PANEL_ROWS; r++) {
    if (row + r < rows) {
      float sum = sum16(acc[r]);
      out[row + r] = hasBias ? sum + bias[row + r] : sum;
    }
  }
}

// Several tokens. slots: which rows of in (divided by each) and of out they are, or null for one after the other.
DEVICE void panelProduct(GLOBAL const uchar *weight, GLOBAL const uint *table, GLOBAL const float *in,
    GLOBAL const int *slots, int each, GLOBAL float *out, GLOBAL const float *bias, int hasBias, int cols, int rows,
    int row, int width, int tokens) {
  float16 w[PANEL_PIECES][PANEL_ROWS];
  float sums[TILE_TOKENS][PANEL_ROWS];
  int pieces = (cols + 15) / 16;
  for (int first = 0; first < pieces; first += PANEL_PIECES) {
    int count = pieces - first < PANEL_PIECES ? pieces - first : PANEL_PIECES;
    for (int r = 0; r < PANEL_ROWS; r++) {
      GLOBAL const uchar *from = panelRow(weight, row + r, rows, cols);
      for (int c = 0; c < count; c++) {
        w[c][r] = piece(from, first + c, cols, table);
      }
    }
    for (int t = 0; t < tokens; t += TOGETHER) {
      GLOBAL const float *x[TOGETHER];
      float16 acc[PANEL_ROWS][TOGETHER];
      UNROLL for (int i = 0; i < TOGETHER; i++) {
        int token = t + i < tokens ? t + i : tokens - 1;
        x[i] = in + (ulong) (slots ? slots[token] / each : token) * cols;
        UNROLL for (int r = 0; r < PANEL_ROWS; r++) {
          acc[r][i] = SPLAT16(0.0f);
        }
      }
      // Only the last piece can be in part: the others are loaded without asking.
      int whole = cols / 16 - first < count ? cols / 16 - first : count;
      for (int c = 0; c < whole; c++) {
        UNROLL for (int i = 0; i < TOGETHER; i++) {
          float16 v = load16(x[i] + (first + c) * 16);
          UNROLL for (int r = 0; r < PANEL_ROWS; r++) {
            acc[r][i] = FMA16(w[c][r], v, acc[r][i]);
          }
        }
      }
#ifdef RAGGED
      if (whole < count) {
        UNROLL for (int i = 0; i < TOGETHER; i++) {
          float16 v = inputPiece(x[i], first + whole, cols);
          UNROLL for (int r = 0; r < PANEL_ROWS; r++) {
            acc[r][i] = FMA16(w[whole][r], v, acc[r][i]);
          }
        }
      }
#endif
      UNROLL for (int i = 0; i < TOGETHER; i++) {
        UNROLL for (int r = 0; r < PANEL_ROWS; r++) {
          float sum = sum16(acc[r][i]);
          if (t + i < tokens) {
            sums[t + i][r] = first == 0 ? sum : sums[t + i][r] + sum;
          }
        }
      }
    }
  }
  for (int t = 0; t < tokens; t++) {
    GLOBAL float *to = out + (ulong) (slots ? slots[t] : t) * width;
    for (int r = 0; r < PANEL_ROWS && row + r < rows; r++) {
      to[row + r] = hasBias ? sums[t][r] + bias[row + r] : sums[t][r];
    }
  }
}

// The arguments of the kernels are those of kernel/matvec and kernel/matmul.
KERNEL(1, 1) matvec1(GLOBAL const uchar *weight, GLOBAL const uint *table, GLOBAL const float *in, GLOBAL float *out,
    GLOBAL const float *bias, int hasBias, int cols, int rows, int firstRow, int width, int tokens) {
  vectorProduct(weight, table, in, out + firstRow, bias + (hasBias ? firstRow : 0), hasBias, cols, rows,
      GROUP_ID(0) * PANEL_ROWS);
}

KERNEL(1, 1) matvecExperts(GLOBAL const uchar *weight, GLOBAL const uint *table, GLOBAL const float *routing,
    GLOBAL const float *in, GLOBAL float *out, int cols, int rows, int used, int perSlot, int firstExpert,
    int count) {
  int slot = GROUP_ID(1);
  int token = slot / used;
  int expert = (int) routing[token * 2 * used + slot % used] - firstExpert;
  if (expert < 0 || expert >= count) {
    return;
  }
  vectorProduct(weight + (ulong) expert * rows * rowBytes(cols), table, in + (ulong) (perSlot ? slot : token) * cols,
      out + (ulong) slot * rows, in, 0, cols, rows, GROUP_ID(0) * PANEL_ROWS);
}

KERNEL(1, 1) matmul(GLOBAL const uchar *weight, GLOBAL const uint *table, GLOBAL const float *in, GLOBAL float *out,
    GLOBAL const float *bias, int hasBias, int cols, int rows, int firstRow, int width, int tokens) {
  int token = GROUP_ID(1) * TILE_TOKENS;
  int left = tokens - token;
  panelProduct(weight, table, in + (ulong) token * cols, 0, 1, out + (ulong) token * width + firstRow,
      bias + (hasBias ? firstRow : 0), hasBias, cols, rows, GROUP_ID(0) * PANEL_ROWS, width,
      left < TILE_TOKENS ? left : TILE_TOKENS);
}

KERNEL(1, 1) matmulExperts(GLOBAL const uchar *weight, GLOBAL const uint *table, GLOBAL const int *plan,
    GLOBAL const float *in, GLOBAL float *out, int cols, int rows, int used, int perSlot, int firstExpert,
    int count) {
  if (GROUP_ID(1) >= plan[0]) {
    return;
  }
  GLOBAL const int *mine = plan + 1 + 3 * GROUP_ID(1);
  int expert = mine[0] - firstExpert;
  if (expert < 0 || expert >= count) {
    return;
  }
  panelProduct(weight + (ulong) expert * rows * rowBytes(cols), table, in, plan + mine[1], perSlot ? 1 : used, out,
      in, 0, cols, rows, GROUP_ID(0) * PANEL_ROWS, rows, mine[2]);
}
