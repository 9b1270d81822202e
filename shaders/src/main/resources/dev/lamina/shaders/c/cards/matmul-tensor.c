// Products of a matrix of float32 with many tokens on matrix units, after kernel/rows and cards/matrix-units: tiles of 128
// rows and 64 tokens, 32 values deep, in shared memory. Values are rounded to 10 bits of mantissa (TF32), sums are float32. A group is 8 warps of 32
// rows times 32 tokens each. What the group needs next is fetched while the matrix units work.

#define TENSOR_ROWS 128
#define TENSOR_TOKENS 64
#define TENSOR_DEPTH 32
#define TENSOR_ITEMS 256
// Four banks further from row to row, so that the 32 lanes of a warp read from 32 banks.
#define TENSOR_STRIDE (TENSOR_DEPTH + 4)

// inRow, outRow: where the tokens of the tile are read and written.
DEVICE void tensorTile(float *w, float *x, const uchar *weight, const uint *table, const float *in, const int *inRow,
    float *out, const int *outRow, int cols, int row, int rows, int width, int tokens, const float *addend, int kind) {
  int id = LOCAL_ID(0);
  int lane = id & 31;
  int warp = id >> 5;
  // Of the weights an item fetches 16 values of a row, of the input 8 values of a token.
  int fetchRow = row + id / 2 < rows ? row + id / 2 : rows - 1;
  const uchar *from = weight + fetchRow * rowBytes(cols);
  int token = id / 4;
  const float *input = in + (ulong) inRow[token] * cols;
  int pieces = (cols + 15) / 16;
  float acc[2][4][4];
  UNROLL for (int m = 0; m < 2; m++) {
    UNROLL for (int n = 0; n < 4; n++) {
      UNROLL for (int i = 0; i < 4; i++) {
        acc[m][n][i] = 0.0f;
      }
    }
  }
  int rowInTile = (warp & 3) * 32 + (lane >> 2);
  int tokenInTile = (warp >> 2) * 32;
  for (int c = 0; c < pieces; c += 2) {
    float16 values = SPLAT16(0.0f);
    if (c + id % 2 < pieces) {
      values = piece(from, c + id % 2, cols, table);
    }
    float some[8];
    UNROLL for (int i = 0; i < 8; i++) {
      int col = c * 16 + id % 4 * 8 + i;
      some[i] = token < tokens && col < cols ? input[col] : 0.0f;
    }
    // Not before all have read the tile of the last round.
    BARRIER();
    UNROLL for (int i = 0; i < 16; i++) {
      w[id / 2 * TENSOR_STRIDE + id % 2 * 16 + i] = TO_TF32(values.v[i]);
    }
    UNROLL for (int i = 0; i < 8; i++) {
      x[token * TENSOR_STRIDE + id % 4 * 8 + i] = TO_TF32(some[i]);
    }
    BARRIER();
    UNROLL for (int k = 0; k < TENSOR_DEPTH; k += 8) {
      float a[2][4];
      UNROLL for (int m = 0; m < 2; m++) {
        const float *p = w + (rowInTile + m * 16) * TENSOR_STRIDE + k + (lane & 3);
        a[m][0] = p[0];
        a[m][1] = p[8 * TENSOR_STRIDE];
        a[m][2] = p[4];
        a[m][3] = p[8 * TENSOR_STRIDE + 4];
      }
      UNROLL for (int n = 0; n < 4; n++) {
        const float *p = x + (tokenInTile + n * 8 + (lane >> 2)) * TENSOR_STRIDE + k + (lane & 3);
        float b0 = p[0];
        float b1 = p[4];
        UNROLL for (int m = 0; m < 2; m++) {
          MULTIPLY_TF32(acc[m][n], a[m], b0, b1);
        }
      }
    }
  }
  UNROLL for (int m = 0; m < 2; m++) {
    UNROLL for (int n = 0; n < 4; n++) {
      UNROLL for (int i = 0; i < 4; i++) {
        int r = row + rowInTile + m * 16 + i / 2 * 8;
        int t = tokenInTile + n * 8 + (lane & 3) * 2 + i % 2;
        if (r < rows && t < tokens) {
          ulong place = (ulong) outRow[t] * width + r;
          out[place] = plus(acc[m][n][i], addend, kind, place, r);
        }
      }
    }
  }
}

// As matmul.
KERNEL(TENSOR_ITEMS, 1) matmulTensor(const uchar *weight, const uint *table, const float *in, float *out,
    const float *addend, int kind, int cols, int rows, int firstRow, int width, int tokens) {
  SHARED float w[TENSOR_ROWS * TENSOR_STRIDE];
  SHARED float x[TENSOR_TOKENS * TENSOR_STRIDE];
  SHARED int token[TENSOR_TOKENS];
  int id = LOCAL_ID(0);
  int first = GROUP_ID(1) * TENSOR_TOKENS;
  if (id < TENSOR_TOKENS) {
    // Tokens that do not exist repeat the last one, and are dropped at the end.
    token[id] = first + id < tokens ? first + id : tokens - 1;
  }
  BARRIER();
  tensorTile(w, x, weight, table, in, token, out + firstRow, token, cols, GROUP_ID(0) * TENSOR_ROWS, rows, width,
      tokens - first, addend + firstRow, kind);
}

// As matmulExperts.
KERNEL(TENSOR_ITEMS, 1) matmulExpertsTensor(const uchar *weight, const uint *table, const int *plan, const float *in,
    float *out, int cols, int rows, int used, int perSlot, int firstExpert, int count) {
  SHARED float w[TENSOR_ROWS * TENSOR_STRIDE];
  SHARED float x[TENSOR_TOKENS * TENSOR_STRIDE];
  SHARED int inRow[TENSOR_TOKENS];
  SHARED int outRow[TENSOR_TOKENS];
  int id = LOCAL_ID(0);
  if (GROUP_ID(1) >= plan[0]) {
    return;
  }
  const int *mine = plan + 1 + 3 * GROUP_ID(1);
  int expert = mine[0] - firstExpert;
  int tokens = mine[2];
  if (expert < 0 || expert >= count) {
    return;
  }
  if (id < TENSOR_TOKENS) {
    int slot = id < tokens ? plan[mine[1] + id] : 0;
    outRow[id] = slot;
    inRow[id] = perSlot ? slot : slot / used;
  }
  BARRIER();
  tensorTile(w, x, weight + (ulong) expert * rows * rowBytes(cols), table, in, inRow, out, outRow, cols,
      GROUP_ID(0) * TENSOR_ROWS, rows, rows, tokens, in, 0);
}
