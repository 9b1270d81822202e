// Products of a matrix with many rounded tokens, after cards/integer-rows: tiles of 128 rows and TILE_TOKENS tokens, 128 values
// deep, in shared memory. What the group needs next is fetched while it multiplies: activations straight to shared memory where
// the card can do that, to the place of the last but one, else through registers; weights through registers in any case, since
// they become integers on the way. A row of a tile is 8 chunks of 16
// values, which change places from row to row so that lanes read from different banks.

#define UNROLL_SOME _Pragma("unroll 1")
#define TILE_ROWS 128
#define TILE_ITEMS (TILE_ROWS / 8 * TILE_TOKENS / 4)
#define TILE_PIECES 8
#define STEP_UNITS (TILE_PIECES / UNIT_PIECES)
#define ROUNDS (TILE_ROWS * STEP_UNITS / TILE_ITEMS)
#define PARTS (TILE_PIECES * 16 / PART)
#ifdef COPY_ASYNC16
#define TOKEN_PLACES 2
#else
#define TOKEN_PLACES 1
#endif
#define TOKENS_OF(tile, step) ((tile).x + (step) % TOKEN_PLACES * 32 * TILE_TOKENS)
#define CHUNK(row, chunk) ((row) * 32 + (((chunk) ^ ((row) & 7)) << 2))

#ifdef MINIMUMS
#define MINIMUM_WORDS (PARTS * (TILE_ROWS + TILE_TOKENS))
#else
#define MINIMUM_WORDS 0
#endif
// The scales of tokens wait in shared memory where they can be copied there meanwhile and there is room: registers are rare.
#if defined(COPY_ASYNC16) && PART == 32
#define SCALES_COPIED
#define SCALE_WORDS (4 * TILE_ITEMS)
#else
#define SCALE_WORDS 0
#endif
#define TILE_WORDS \
  (32 * (TILE_ROWS + TOKEN_PLACES * TILE_TOKENS) + PARTS * TILE_ROWS + 4 * TILE_TOKENS + MINIMUM_WORDS + SCALE_WORDS)

// The places of a tile's data in shared memory.
typedef struct {
  LOCAL uint *w;
  LOCAL uint *x;
  LOCAL float *d;
  LOCAL float *xd;
  LOCAL float *m;
  LOCAL float *xs;
#ifdef SCALES_COPIED
  LOCAL float4 *scales;
#endif
} Tile;

DEVICE Tile tileOf(LOCAL uint *shared) {
  Tile tile;
  tile.w = shared;
  tile.x = tile.w + 32 * TILE_ROWS;
  tile.d = (LOCAL float *) (tile.x + TOKEN_PLACES * 32 * TILE_TOKENS);
  tile.xd = tile.d + PARTS * TILE_ROWS;
  tile.m = tile.xd + 4 * TILE_TOKENS;
  tile.xs = tile.m + PARTS * TILE_ROWS;
#ifdef SCALES_COPIED
  tile.scales = (LOCAL float4 *) (shared + TILE_WORDS - SCALE_WORDS);
#endif
  return tile;
}

// What an item fetches to put it into the tile.
typedef struct {
  uint w[ROUNDS][4 * UNIT_PIECES];
  float d[ROUNDS][UNIT_PIECES];
  float m[ROUNDS][UNIT_PIECES];
#ifndef SCALES_COPIED
  float4 scales;
#endif
#ifndef COPY_ASYNC16
  uint4 x[2];
#endif
} Fetched;

// weight: the tile's first row, of rows that there are from there on. Within a tile, and within the tokens, distances are
// less than 4 GiB, and take half the registers.
DEVICE void fetch(Fetched *f, Tile tile, GLOBAL const uchar *weight, LOCAL const uint *grid, GLOBAL const uchar *in,
    LOCAL const int *inRow, int cols, int rows, int step) {
  int id = LOCAL_ID(0);
  UNROLL for (int i = 0; i < ROUNDS; i++) {
    int item = id + i * TILE_ITEMS;
    int n = step * STEP_UNITS + item % STEP_UNITS;
    int r = item / STEP_UNITS < rows ? item / STEP_UNITS : rows - 1;
    if (n < cols / (16 * UNIT_PIECES)) {
      rowUnit(weight + (uint) r * (uint) integerRowBytes(cols), n, cols, grid, f->w[i], f->d[i], f->m[i]);
    } else {
      UNROLL for (int j = 0; j < 4 * UNIT_PIECES; j++) {
        f->w[i][j] = 0;
      }
      UNROLL for (int k = 0; k < UNIT_PIECES; k++) {
        f->d[i][k] = 0.0f;
        f->m[i][k] = 0.0f;
      }
    }
  }
  UNROLL for (int i = 0; i < 2; i++) {
    int item = id + i * TILE_ITEMS;
    int token = item / TILE_PIECES;
    int piece = step * TILE_PIECES + item % TILE_PIECES;
    GLOBAL const uchar *from = in + (uint) inRow[token] * (uint) roundedBytes(cols) + piece * 16;
#ifdef COPY_ASYNC16
    COPY_ASYNC16(TOKENS_OF(tile, step) + CHUNK(token, item % TILE_PIECES), from, piece * 16 < cols);
#else
    f->x[i] = piece * 16 < cols ? *(GLOBAL const uint4 *) from : make_uint4(0, 0, 0, 0);
#endif
  }
  int piece = step * TILE_PIECES + id % 4 * 2;
  GLOBAL const uchar *scales = in + (uint) inRow[id / 4] * (uint) roundedBytes(cols) + cols + piece * 8;
#ifdef SCALES_COPIED
  COPY_ASYNC16(tile.scales + id, scales, piece * 16 < cols);
#else
  f->scales = piece * 16 < cols ? *(GLOBAL const float4 *) scales : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
#endif
#ifdef COPY_ASYNC16
  COPY_GROUP();
#endif
}

DEVICE void put(const Fetched *f, Tile tile) {
  int id = LOCAL_ID(0);
  UNROLL for (int i = 0; i < ROUNDS; i++) {
    int item = id + i * TILE_ITEMS;
    int row = item / STEP_UNITS;
    int unit = item % STEP_UNITS;
    UNROLL for (int k = 0; k < UNIT_PIECES; k++) {
      int piece = PIECE_OF(unit, k);
      LOCAL uint *to = tile.w + CHUNK(row, piece);
      *(LOCAL uint4 *) to = make_uint4(f->w[i][4 * k], f->w[i][4 * k + 1], f->w[i][4 * k + 2], f->w[i][4 * k + 3]);
#ifdef JOINED
      if (k == 0)
#endif
      {
        tile.d[piece * 16 / PART * TILE_ROWS + row] = f->d[i][k];
#ifdef MINIMUMS
        tile.m[piece * 16 / PART * TILE_ROWS + row] = f->m[i][k];
#endif
      }
    }
  }
#ifdef COPY_ASYNC16
  COPY_WAIT(0);
#else
  UNROLL for (int i = 0; i < 2; i++) {
    int item = id + i * TILE_ITEMS;
    *(LOCAL uint4 *) (tile.x + CHUNK(item / TILE_PIECES, item % TILE_PIECES)) = f->x[i];
  }
#endif
  int token = id / 4;
  int group = id % 4;
#ifdef SCALES_COPIED
  float4 scales = tile.scales[id];
#else
  float4 scales = f->scales;
#endif
  tile.xd[group * TILE_TOKENS + token] = scales.x;
#ifdef MINIMUMS
#if PART == 32
  tile.xs[group * TILE_TOKENS + token] = scales.y + scales.w;
#else
  tile.xs[2 * group * TILE_TOKENS + token] = scales.y;
  tile.xs[(2 * group + 1) * TILE_TOKENS + token] = scales.w;
#endif
#endif
}

#ifdef TENSOR
// Warps of 32 rows times 32 tokens, with matrix units.
#define TILE_BLOCKS 2
#define ACC_ROWS 4
#define ACC_TOKENS 8
#define ACC_ROW(i) ((LOCAL_ID(0) >> 5 & 3) * 32 + (LOCAL_ID(0) >> 2 & 7) + (i) * 8)
#define ACC_TOKEN(j) ((LOCAL_ID(0) >> 7) * 32 + (j) / 2 * 8 + (LOCAL_ID(0) & 3) * 2 + (j) % 2)

DEVICE void multiply(float acc[ACC_ROWS][ACC_TOKENS], Tile tile, int step) {
  int t = LOCAL_ID(0) & 3;
  int g = LOCAL_ID(0) >> 2 & 7;
  LOCAL const uint *x = TOKENS_OF(tile, step);
  // Not unrolled wholly: places in shared memory that are computed ahead would take too many registers.
  UNROLL_SOME for (int p = 0; p < PARTS; p++) {
    uint a[2][PART / 8];
    float d[ACC_ROWS];
    UNROLL for (int i = 0; i < ACC_ROWS; i++) {
      int row = ACC_ROW(i);
      UNROLL for (int c = 0; c < PART / 16; c++) {
        a[i / 2][i % 2 + 2 * c] = tile.w[CHUNK(row, p * (PART / 16) + c) + t];
      }
      d[i] = tile.d[p * TILE_ROWS + row];
    }
    UNROLL for (int n = 0; n < 4; n++) {
      int column = ACC_TOKEN(2 * n) - 2 * t + g;
      uint b[PART / 16];
      UNROLL for (int c = 0; c < PART / 16; c++) {
        b[c] = x[CHUNK(column, p * (PART / 16) + c) + t];
      }
      float xd[2];
      UNROLL for (int j = 0; j < 2; j++) {
        xd[j] = tile.xd[p * PART / 32 * TILE_TOKENS + ACC_TOKEN(2 * n + j)];
      }
      UNROLL for (int m = 0; m < 2; m++) {
        int c[4] = {0, 0, 0, 0};
#if PART == 32
        MULTIPLY_S8_32(c, a[m], b);
#else
        MULTIPLY_S8_16(c, a[m], b);
#endif
        UNROLL for (int i = 0; i < 4; i++) {
          float *to = &acc[2 * m + i / 2][2 * n + i % 2];
          *to = fmaf(d[2 * m + i / 2] * xd[i % 2], (float) c[i], *to);
        }
      }
    }
#ifdef MINIMUMS
    UNROLL for (int i = 0; i < ACC_ROWS; i++) {
      float m = tile.m[p * TILE_ROWS + ACC_ROW(i)];
      UNROLL for (int j = 0; j < ACC_TOKENS; j++) {
        acc[i][j] = fmaf(m, tile.xs[p * TILE_TOKENS + ACC_TOKEN(j)], acc[i][j]);
      }
    }
#endif
  }
}
#else
// An item takes every sixteenth row times 4 tokens.
#define TILE_BLOCKS 1
#define ACC_ROWS 8
#define ACC_TOKENS 4
#define ACC_ROW(i) (LOCAL_ID(0) % 16 + (i) * 16)
#define ACC_TOKEN(j) (LOCAL_ID(0) / 16 + (j) * (TILE_TOKENS / 4))

DEVICE void multiply(float acc[ACC_ROWS][ACC_TOKENS], Tile tile, int step) {
  LOCAL const uint *x = TOKENS_OF(tile, step);
  // Not unrolled: the registers would not suffice.
  _Pragma("unroll 1") for (int p = 0; p < PARTS; p++) {
    int c[ACC_ROWS][ACC_TOKENS];
    UNROLL for (int i = 0; i < ACC_ROWS; i++) {
      UNROLL for (int j = 0; j < ACC_TOKENS; j++) {
        c[i][j] = 0;
      }
    }
    UNROLL for (int h = 0; h < PART / 16; h++) {
      uint b[ACC_TOKENS][4];
      UNROLL for (int j = 0; j < ACC_TOKENS; j++) {
        sharedWords4(b[j], x + CHUNK(ACC_TOKEN(j), p * (PART / 16) + h));
      }
      UNROLL for (int i = 0; i < ACC_ROWS; i++) {
        uint a[4];
        sharedWords4(a, tile.w + CHUNK(ACC_ROW(i), p * (PART / 16) + h));
        UNROLL for (int j = 0; j < ACC_TOKENS; j++) {
          UNROLL for (int k = 0; k < 4; k++) {
            c[i][j] = DOT4(a[k], b[j][k], c[i][j]);
          }
        }
      }
    }
    UNROLL for (int i = 0; i < ACC_ROWS; i++) {
      float d = tile.d[p * TILE_ROWS + ACC_ROW(i)];
      UNROLL for (int j = 0; j < ACC_TOKENS; j++) {
        acc[i][j] = fmaf(d * tile.xd[p * PART / 32 * TILE_TOKENS + ACC_TOKEN(j)], (float) c[i][j], acc[i][j]);
#ifdef MINIMUMS
        acc[i][j] =
            fmaf(tile.m[p * TILE_ROWS + ACC_ROW(i)], tile.xs[p * TILE_TOKENS + ACC_TOKEN(j)], acc[i][j]);
#endif
      }
    }
  }
}
#endif

// inRow, outRow: where the tokens of the tile are read and written.
DEVICE void integerTile(LOCAL uint *shared, LOCAL const uint *grid, GLOBAL const uchar *weight, GLOBAL const uchar *in,
    LOCAL const int *inRow, GLOBAL float *out, LOCAL const int *outRow, int cols, int row, int rows, int width, int tokens,
    GLOBAL const float *addend, int kind) {
  Tile tile = tileOf(shared);
  float acc[ACC_ROWS][ACC_TOKENS];
  UNROLL for (int i = 0; i < ACC_ROWS; i++) {
    UNROLL for (int j = 0; j < ACC_TOKENS; j++) {
      acc[i][j] = 0.0f;
    }
  }
  weight += row * integerRowBytes(cols);
  int steps = (cols + 16 * TILE_PIECES - 1) / (16 * TILE_PIECES);
  Fetched f;
  fetch(&f, tile, weight, grid, in, inRow, cols, rows - row, 0);
  for (int step = 0; step < steps; step++) {
    put(&f, tile);
    BARRIER();
    if (step + 1 < steps) {
      fetch(&f, tile, weight, grid, in, inRow, cols, rows - row, step + 1);
    }
    multiply(acc, tile, step);
    // Not before all have read the tile.
    BARRIER();
  }
  UNROLL for (int i = 0; i < ACC_ROWS; i++) {
    UNROLL for (int j = 0; j < ACC_TOKENS; j++) {
      int r = row + ACC_ROW(i);
      int t = ACC_TOKEN(j);
      if (r < rows && t < tokens) {
        ulong place = (ulong) outRow[t] * width + r;
        out[place] = plus(acc[i][j], addend, kind, place, r);
      }
    }
  }
}

// As matmul, with rounded tokens, and with several matrices.
KERNEL_BLOCKS(TILE_ITEMS, 1, TILE_BLOCKS) integerMatmul(GLOBAL const uchar *weight, GLOBAL const uint *table,
    GLOBAL const uchar *in, GLOBAL float *out, GLOBAL const float *addend, int kind, int cols, int rows, int firstRow, int width, int tokens,
    MATRIX_ARGS) {
  SHARED uint shared[TILE_WORDS];
  SHARED int token[TILE_TOKENS];
  int id = LOCAL_ID(0);
  int first = GROUP_ID(1) * TILE_TOKENS;
  if (id < TILE_TOKENS) {
    // Tokens that do not exist repeat the last one, and are dropped at the end.
    token[id] = first + id < tokens ? first + id : tokens - 1;
  }
  GRID_LOAD(id, TILE_ITEMS)
  BARRIER();
  MATRIX_OF_GROUP
  integerTile(shared, grid, m.weight, in, token, m.out, token, cols, m.group * TILE_ROWS, m.rows, m.width, tokens - first,
      m.addend, m.kind);
}

// As matmulExperts, with rounded tokens.
KERNEL_BLOCKS(TILE_ITEMS, 1, TILE_BLOCKS) integerMatmulExperts(GLOBAL const uchar *weight, GLOBAL const uint *table,
    GLOBAL const int *plan, GLOBAL const uchar *in, GLOBAL float *out, int cols, int rows, int used, int perSlot, int firstExpert, int count) {
  SHARED uint shared[TILE_WORDS];
  SHARED int inRow[TILE_TOKENS];
  SHARED int outRow[TILE_TOKENS];
  int id = LOCAL_ID(0);
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
    int slot = plan[mine[1] + (id < tokens ? id : 0)];
    outRow[id] = slot;
    inRow[id] = perSlot ? slot : slot / used;
  }
  GRID_LOAD(id, TILE_ITEMS)
  BARRIER();
  integerTile(shared, grid, weight + (ulong) expert * rows * integerRowBytes(cols), in, inRow, out, outRow, cols,
      GROUP_ID(0) * TILE_ROWS, rows, rows, tokens, out, 0);
}
