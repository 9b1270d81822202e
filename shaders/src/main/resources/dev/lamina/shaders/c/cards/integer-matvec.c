// Products of a matrix with few rounded tokens, after cards/integer-rows: each row is read once for TOKENS tokens. A team of
// LANES items (a warp) takes ROWS rows, or split teams share them. Group x: rows; group y: the slots of experts. Compiled
// once for each number of TOKENS.

// Fewer where a multiprocessor's registers would not suffice for 12 or 16 warps.
#define MATVEC_BLOCKS ((TOKENS == 8 ? UNIT_PIECES > 2 ? 8 : 12 : 16) / TEAMS)

// What a team leaves of each sum in local memory: the sum, or where its items cannot add up, a value of each.
#ifdef TEAM_SUM
#define PART_LANES 1
#define PART_STRIDE 1
#else
#define PART_LANES LANES
// Not a multiple of the banks.
#define PART_STRIDE (LANES + 1)
#endif
#ifndef TEAM_SUM_FLOATS
#define TEAM_SUM_FLOATS 0
#endif
#define PART_FLOATS (TEAMS * (ROWS * TOKENS * PART_STRIDE + TEAM_SUM_FLOATS))

DEVICE void JOIN(integerProduct, TOKENS)(float acc[ROWS][TOKENS], GLOBAL const uchar *weight,
    LOCAL const uint *grid, GLOBAL const uchar *in, int cols, int row, int rows, int from, int step, int tokens) {
  UNROLL for (int r = 0; r < ROWS; r++) {
    UNROLL for (int t = 0; t < TOKENS; t++) {
      acc[r][t] = 0.0f;
    }
  }
  // Rows and tokens that do not exist repeat the last ones, and are dropped at the end.
  int units = cols / (16 * UNIT_PIECES);
  for (int n = from; n < units; n += step) {
    uint w[ROWS][4 * UNIT_PIECES];
    float d[ROWS][UNIT_PIECES];
    float m[ROWS][UNIT_PIECES];
    UNROLL for (int r = 0; r < ROWS; r++) {
      rowUnit(weight + (row + r < rows ? row + r : rows - 1) * integerRowBytes(cols), n, cols, grid, w[r], d[r], m[r]);
    }
    int first = n / BLOCK_UNITS * BLOCK_PIECES;
    UNROLL for (int t = 0; t < TOKENS; t++) {
      GLOBAL const uchar *x = in + (t < tokens ? t : tokens - 1) * roundedBytes(cols);
#ifdef JOINED
      int piece = first + PIECE_OF(n % BLOCK_UNITS, 0);
      uint q[8];
      words4(q, x + piece * 16);
      words4(q + 4, x + piece * 16 + 16);
      float4 s = *(GLOBAL const float4 *) (x + cols + piece * 8);
      UNROLL for (int r = 0; r < ROWS; r++) {
        int dot = 0;
        UNROLL for (int i = 0; i < 8; i++) {
          dot = DOT4(w[r][i], q[i], dot);
        }
        acc[r][t] = fmaf(d[r][0] * s.x, (float) dot, acc[r][t]);
#ifdef MINIMUMS
        acc[r][t] = fmaf(m[r][0], s.y + s.w, acc[r][t]);
#endif
      }
#else
      UNROLL for (int k = 0; k < UNIT_PIECES; k++) {
        int piece = first + PIECE_OF(n % BLOCK_UNITS, k);
        uint q[4];
        words4(q, x + piece * 16);
        float2 s = *(GLOBAL const float2 *) (x + cols + piece * 8);
        UNROLL for (int r = 0; r < ROWS; r++) {
          int dot = 0;
          UNROLL for (int i = 0; i < 4; i++) {
            dot = DOT4(w[r][4 * k + i], q[i], dot);
          }
          acc[r][t] = fmaf(d[r][k] * s.x, (float) dot, acc[r][t]);
#ifdef MINIMUMS
          acc[r][t] = fmaf(m[r][k], s.y, acc[r][t]);
#endif
        }
      }
#endif
    }
  }
}

// The sums over the lanes of each team, then over the teams that share rows.
DEVICE void JOIN(integerSums, TOKENS)(LOCAL float *part, float acc[ROWS][TOKENS], int split, Matrix m, int tokens) {
  int lane = LOCAL_ID(0);
  int team = LOCAL_ID(1);
#ifdef TEAM_SUM
  // All of them before any is put where teams may add up.
  UNROLL for (int r = 0; r < ROWS; r++) {
    UNROLL for (int t = 0; t < TOKENS; t++) {
      acc[r][t] = TEAM_SUM(acc[r][t]);
    }
  }
#endif
  UNROLL for (int r = 0; r < ROWS; r++) {
    UNROLL for (int t = 0; t < TOKENS; t++) {
      if (lane < PART_LANES) {
        part[((team * ROWS + r) * TOKENS + t) * PART_STRIDE + lane] = acc[r][t];
      }
    }
  }
  BARRIER();
  int i = team * LANES + lane;
  int teams = TEAMS / split;
  if (i < teams * ROWS * TOKENS) {
    int t = i % TOKENS;
    int r = i / TOKENS % ROWS;
    int first = i / (TOKENS * ROWS);
    int row = (m.group * teams + first) * ROWS + r;
    if (row < m.rows && t < tokens) {
      float sum = 0.0f;
      for (int s = 0; s < split; s++) {
        for (int l = 0; l < PART_LANES; l++) {
          sum += part[(((first * split + s) * ROWS + r) * TOKENS + t) * PART_STRIDE + l];
        }
      }
      ulong place = (ulong) t * m.width + row;
      m.out[place] = plus(sum, m.addend, m.kind, place, row);
    }
  }
}

// As matvec, with rounded tokens, and with several matrices.
KERNEL_BLOCKS(LANES, TEAMS, MATVEC_BLOCKS) JOIN(integerMatvec, TOKENS)(GLOBAL const uchar *weight, GLOBAL const uint *table,
    GLOBAL const uchar *in, GLOBAL float *out, GLOBAL const float *addend, int kind, int cols, int rows, int firstRow, int width,
    int tokens, MATRIX_ARGS, int split) {
  SHARED float part[PART_FLOATS];
  int lane = LOCAL_ID(0);
  int team = LOCAL_ID(1);
  GRID_LOAD(team * LANES + lane, TEAMS * LANES)
  MATRIX_OF_GROUP
  int row = (m.group * (TEAMS / split) + team / split) * ROWS;
  float acc[ROWS][TOKENS];
  JOIN(integerProduct, TOKENS)(acc, m.weight, grid, in, cols, row, m.rows, team % split * LANES + lane, split * LANES, tokens);
  JOIN(integerSums, TOKENS)(part, acc, split, m, tokens);
}

#if TOKENS == 1
// As matvecExperts, with rounded tokens, and with two matrices: group z.
KERNEL_BLOCKS(LANES, TEAMS, MATVEC_BLOCKS) integerMatvecExperts(GLOBAL const uchar *weight, GLOBAL const uint *table,
    GLOBAL const float *routing, GLOBAL const uchar *in, GLOBAL float *out, int cols, int rows, int used, int perSlot,
    int firstExpert, int count, GLOBAL const uchar *weight1, GLOBAL float *out1, int split) {
  SHARED float part[PART_FLOATS];
  int lane = LOCAL_ID(0);
  int team = LOCAL_ID(1);
  int slot = GROUP_ID(1);
  int token = slot / used;
  int expert = (int) routing[token * 2 * used + slot % used] - firstExpert;
  if (expert < 0 || expert >= count) {
    return;
  }
  GRID_LOAD(team * LANES + lane, TEAMS * LANES)
  int row = (GROUP_ID(0) * (TEAMS / split) + team / split) * ROWS;
  float acc[ROWS][TOKENS];
  Matrix m;
  m.weight = (GROUP_ID(2) ? weight1 : weight) + (ulong) expert * rows * integerRowBytes(cols);
  m.out = (GROUP_ID(2) ? out1 : out) + (ulong) slot * rows;
  m.addend = out;
  m.kind = NO_ADDEND;
  m.rows = rows;
  m.width = rows;
  m.group = GROUP_ID(0);
  JOIN(integerProduct, TOKENS)(acc, m.weight, grid, in + (perSlot ? slot : token) * roundedBytes(cols), cols, row, rows,
      team % split * LANES + lane, split * LANES, 1);
  JOIN(integerSums, TOKENS)(part, acc, split, m, 1);
}
#endif
#undef MATVEC_BLOCKS
#undef PART_LANES
#undef PART_STRIDE
#undef PART_FLOATS
