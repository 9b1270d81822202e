// Products of a matrix of float16 or bfloat16 with many tokens, after cards/matrix-units: tiles of 128 rows and 64 tokens,
// 32 values deep, in shared memory. The matrix goes there as it is. Tokens are those of cards/narrow: in float16 with a scale
// for each, or in two parts, whose sum they are, in bfloat16. cols: a multiple of 8. A group is 4 warps of 64 rows times 32
// tokens each. A row of a tile is 4 chunks of 8 values, which change places so that those of 8 rows lie in different banks.

#define HALVES_ROWS 128
#define HALVES_TOKENS 64
#define HALVES_ITEMS 128
#define ROW_FETCHES (HALVES_ROWS * 4 / HALVES_ITEMS)
#define TOKEN_FETCHES (HALVES_TOKENS * 4 / HALVES_ITEMS)
#define CHUNK(row, chunk) ((row) * 16 + (((chunk) ^ ((row) >> 1 & 3)) << 2))
#ifdef WEIGHT_BF16
#define TOKEN_PARTS 2
#define MULTIPLY(c, a, b) MULTIPLY_BF16(c, a, b)
#else
#define TOKEN_PARTS 1
#define MULTIPLY(c, a, b) MULTIPLY_F16(c, a, b)
#endif
#define STAGE_WORDS (16 * (HALVES_ROWS + TOKEN_PARTS * HALVES_TOKENS))
// Tiles that are there or on their way, and groups that a multiprocessor has room for.
#ifdef COPY_ASYNC16
#define STAGES 3
#define HALVES_BLOCKS 3
#else
#define STAGES 2
#define HALVES_BLOCKS 2
#endif

// The tokens of a tile: count of them from first on, or the slots of experts, of which each has an input row of its own, or
// where several share one, times.
typedef struct {
  const int *slots;
  int first;
  int count;
  int times;
} Tokens;

// Tokens that do not exist repeat the last one, and are dropped at the end.
DEVICE int slotOf(Tokens tokens, int t) {
  int i = t < tokens.count ? t : tokens.count - 1;
  return tokens.slots ? tokens.slots[i] : tokens.first + i;
}

DEVICE uint narrowBytes(int cols) { return TOKEN_PARTS == 2 ? 4 * (uint) cols : 2 * (uint) cols + 16; }

// Where an item finds what it fetches, from a tile's first row and from the first token on: there, distances are less than
// 4 GiB, and take half the registers.
typedef struct {
  uint rows[ROW_FETCHES];
  uint tokens[TOKEN_FETCHES];
} Places;

#ifdef COPY_ASYNC16
// Step n begins to come to its stage.
DEVICE void begin(uint *stage, const uchar *weight, const uchar *in, const Places *places, int cols, int n) {
  int id = LOCAL_ID(0);
  int chunk = n * 4 + id % 4;
  bool inside = chunk * 8 < cols;
  UNROLL for (int i = 0; i < ROW_FETCHES; i++) {
    COPY_ASYNC16(stage + CHUNK(id / 4 + i * (HALVES_ITEMS / 4), id % 4), weight + places->rows[i] + chunk * 16, inside);
  }
  UNROLL for (int p = 0; p < TOKEN_PARTS; p++) {
    UNROLL for (int i = 0; i < TOKEN_FETCHES; i++) {
      int row = HALVES_ROWS + p * HALVES_TOKENS + id / 4 + i * (HALVES_ITEMS / 4);
      COPY_ASYNC16(stage + CHUNK(row, id % 4), in + places->tokens[i] + p * 2 * cols + chunk * 16, inside);
    }
  }
}
#else
typedef struct {
  uint4 rows[ROW_FETCHES];
  uint4 tokens[TOKEN_FETCHES];
} Fetched;

DEVICE void fetch(Fetched *f, const uchar *weight, const uchar *in, const Places *places, int cols, int n) {
  int chunk = n * 4 + LOCAL_ID(0) % 4;
  bool inside = chunk * 8 < cols;
  uint4 none = make_uint4(0, 0, 0, 0);
  UNROLL for (int i = 0; i < ROW_FETCHES; i++) {
    f->rows[i] = inside ? *(const uint4 *) (weight + places->rows[i] + chunk * 16) : none;
  }
  UNROLL for (int i = 0; i < TOKEN_FETCHES; i++) {
    f->tokens[i] = inside ? *(const uint4 *) (in + places->tokens[i] + chunk * 16) : none;
  }
}

DEVICE void put(uint *stage, const Fetched *f) {
  int id = LOCAL_ID(0);
  UNROLL for (int i = 0; i < ROW_FETCHES; i++) {
    *(uint4 *) (stage + CHUNK(id / 4 + i * (HALVES_ITEMS / 4), id % 4)) = f->rows[i];
  }
  UNROLL for (int i = 0; i < TOKEN_FETCHES; i++) {
    *(uint4 *) (stage + CHUNK(HALVES_ROWS + id / 4 + i * (HALVES_ITEMS / 4), id % 4)) = f->tokens[i];
  }
}
#endif

DEVICE void multiply(float acc[4][4][4], const uint *stage) {
  int lane = LOCAL_ID(0) & 31;
  int warp = LOCAL_ID(0) >> 5;
  int row = (warp & 1) * 64 + (lane & 15);
  int token = HALVES_ROWS + (warp >> 1) * 32 + (lane >> 4) * 8 + (lane & 7);
  UNROLL for (int k = 0; k < 2; k++) {
    uint a[4][4];
    UNROLL for (int m = 0; m < 4; m++) {
      LOAD_MATRICES(a[m], stage + CHUNK(row + m * 16, 2 * k + (lane >> 4)));
    }
    UNROLL for (int p = 0; p < TOKEN_PARTS; p++) {
      UNROLL for (int n = 0; n < 4; n += 2) {
        uint b[4];
        LOAD_MATRICES(b, stage + CHUNK(token + p * HALVES_TOKENS + n * 8, 2 * k + (lane >> 3 & 1)));
        UNROLL for (int m = 0; m < 4; m++) {
          MULTIPLY(acc[m][n], a[m], b);
          MULTIPLY(acc[m][n + 1], a[m], b + 2);
        }
      }
    }
  }
}

DEVICE void halvesTile(uint *shared, const uchar *weight, const uchar *in, Tokens tokens, float *out, int cols, int row,
    int rows, int width, const float *addend, int kind) {
  int id = LOCAL_ID(0);
  weight += (ulong) row * 2 * cols;
  Places places;
  UNROLL for (int i = 0; i < ROW_FETCHES; i++) {
    int r = id / 4 + i * (HALVES_ITEMS / 4);
    places.rows[i] = (uint) (row + r < rows ? r : rows - 1 - row) * 2 * (uint) cols;
  }
  UNROLL for (int i = 0; i < TOKEN_FETCHES; i++) {
    places.tokens[i] = (uint) (slotOf(tokens, id / 4 + i * (HALVES_ITEMS / 4)) / tokens.times) * narrowBytes(cols);
  }
  float acc[4][4][4];
  UNROLL for (int m = 0; m < 4; m++) {
    UNROLL for (int n = 0; n < 4; n++) {
      UNROLL for (int i = 0; i < 4; i++) {
        acc[m][n][i] = 0.0f;
      }
    }
  }
  int steps = (cols + 31) / 32;
#ifdef COPY_ASYNC16
  UNROLL for (int n = 0; n < STAGES - 1; n++) {
    if (n < steps) {
      begin(shared + n * STAGE_WORDS, weight, in, &places, cols, n);
    }
    COPY_GROUP();
  }
  uint *stage = shared;
  uint *last = shared + (STAGES - 1) * STAGE_WORDS;
  for (int n = 0; n < steps; n++) {
    COPY_WAIT(STAGES - 2);
    // All have what they fetched, and have read what lies in the place of the next.
    BARRIER();
    if (n + STAGES - 1 < steps) {
      begin(last, weight, in, &places, cols, n + STAGES - 1);
    }
    COPY_GROUP();
    multiply(acc, stage);
    last = stage;
    stage = stage == shared + (STAGES - 1) * STAGE_WORDS ? shared : stage + STAGE_WORDS;
  }
#else
  Fetched f;
  fetch(&f, weight, in, &places, cols, 0);
  for (int n = 0; n < steps; n++) {
    uint *stage = shared + n % STAGES * STAGE_WORDS;
    // What lies there was read before the last barrier.
    put(stage, &f);
    BARRIER();
    if (n + 1 < steps) {
      fetch(&f, weight, in, &places, cols, n + 1);
    }
    multiply(acc, stage);
  }
#endif
  int lane = id & 31;
  int warp = id >> 5;
  UNROLL for (int n = 0; n < 4; n++) {
    UNROLL for (int i = 0; i < 2; i++) {
      int t = (warp >> 1) * 32 + n * 8 + (lane & 3) * 2 + i;
      if (t >= tokens.count) {
        continue;
      }
      int slot = slotOf(tokens, t);
      float scale = 1.0f;
      if (TOKEN_PARTS == 1) {
        scale = *(const float *) (in + (uint) (slot / tokens.times) * narrowBytes(cols) + 2 * cols);
      }
      UNROLL for (int m = 0; m < 4; m++) {
        UNROLL for (int h = 0; h < 2; h++) {
          int r = row + (warp & 1) * 64 + m * 16 + h * 8 + (lane >> 2);
          if (r < rows) {
            ulong place = (ulong) slot * width + r;
            out[place] = plus(acc[m][n][2 * h + i] * scale, addend, kind, place, r);
          }
        }
      }
    }
  }
}

// As matmul, with narrow tokens.
KERNEL_BLOCKS(HALVES_ITEMS, 1, HALVES_BLOCKS) matmulHalves(const uchar *weight, const uint *table, const uchar *in,
    float *out, const float *addend, int kind, int cols, int rows, int firstRow, int width, int tokens) {
  SHARED uint shared[STAGES * STAGE_WORDS];
  int first = GROUP_ID(1) * HALVES_TOKENS;
  Tokens mine = {nullptr, first, tokens - first, 1};
  halvesTile(shared, weight, in, mine, out + firstRow, cols, GROUP_ID(0) * HALVES_ROWS, rows, width, addend + firstRow, kind);
}

// As matmulExperts, with narrow tokens.
KERNEL_BLOCKS(HALVES_ITEMS, 1, HALVES_BLOCKS) matmulExpertsHalves(const uchar *weight, const uint *table, const int *plan,
    const uchar *in, float *out, int cols, int rows, int used, int perSlot, int firstExpert, int count) {
  SHARED uint shared[STAGES * STAGE_WORDS];
  if (GROUP_ID(1) >= plan[0]) {
    return;
  }
  const int *mine = plan + 1 + 3 * GROUP_ID(1);
  int expert = mine[0] - firstExpert;
  if (expert < 0 || expert >= count) {
    return;
  }
  Tokens tokens = {plan + mine[1], 0, mine[2], perSlot ? 1 : used};
  halvesTile(shared, weight + (ulong) expert * rows * 2 * cols, in, tokens, out, cols, GROUP_ID(0) * HALVES_ROWS, rows, rows,
      out, 0);
}
