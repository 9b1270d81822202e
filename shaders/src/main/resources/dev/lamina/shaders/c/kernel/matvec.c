// Products of a matrix with few tokens: each row is read once for TOKENS tokens. A team of LANES items shares TEAM_ROWS
// rows; a work-group is TEAMS teams. Group x: rows; group y: tokens, or the slots of experts. Compiled once for each
// number of TOKENS.

DEVICE void JOIN(finish, TOKENS)(LOCAL float *part, float16 acc[TEAM_ROWS][TOKENS], int lane, int team, int row, int rows,
    GLOBAL float *out, int width, int tokens, GLOBAL const float *addend, int kind) {
#ifdef TEAM_SUM
  UNROLL for (int r = 0; r < TEAM_ROWS; r++) {
    UNROLL for (int t = 0; t < TOKENS; t++) {
      float sum = TEAM_SUM(sum16(acc[r][t]));
      if (lane == 0 && row + r < rows && t < tokens) {
        ulong place = (ulong) t * width + row + r;
        out[place] = plus(sum, addend, kind, place, row + r);
      }
    }
  }
#else
  UNROLL for (int r = 0; r < TEAM_ROWS; r++) {
    UNROLL for (int t = 0; t < TOKENS; t++) {
      part[((team * TEAM_ROWS + r) * TOKENS + t) * (LANES + 1) + lane] = sum16(acc[r][t]);
    }
  }
  BARRIER();
  int first = row - team * TEAM_ROWS;
  for (int i = team * LANES + lane; i < TEAMS * TEAM_ROWS * TOKENS; i += TEAMS * LANES) {
    int r = first + i / TOKENS;
    int t = i % TOKENS;
    if (r < rows && t < tokens) {
      float sum = 0.0f;
      for (int l = 0; l < LANES; l++) {
        sum += part[i * (LANES + 1) + l];
      }
      ulong place = (ulong) t * width + r;
      out[place] = plus(sum, addend, kind, place, r);
    }
  }
#endif
}

DEVICE void JOIN(multiply, TOKENS)(float16 acc[TEAM_ROWS][TOKENS], GLOBAL const uchar *weight, GLOBAL const uint *table,
    GLOBAL const float *in, int cols, int row, int rows, int lane, int tokens) {
  ulong bytes = rowBytes(cols);
  UNROLL for (int r = 0; r < TEAM_ROWS; r++) {
    UNROLL for (int t = 0; t < TOKENS; t++) {
      acc[r][t] = SPLAT16(0.0f);
    }
  }
  // Rows and tokens that do not exist repeat the last ones, and are dropped at the end.
  int pieces = (cols + 15) / 16;
  for (int c = lane; c < pieces; c += LANES) {
    float16 x[TOKENS];
    UNROLL for (int t = 0; t < TOKENS; t++) {
      x[t] = inputPiece(in + (ulong) (t < tokens ? t : tokens - 1) * cols, c, cols);
    }
    UNROLL for (int r = 0; r < TEAM_ROWS; r++) {
      float16 w = piece(weight + (row + r < rows ? row + r : rows - 1) * bytes, c, cols, table);
      UNROLL for (int t = 0; t < TOKENS; t++) {
        acc[r][t] = FMA16(w, x[t], acc[r][t]);
      }
    }
  }
}

// rows: of this weight; they go to the columns from firstRow on of out, which is width wide.
KERNEL_BLOCKS(LANES, TEAMS, TOKENS == 1 ? 4 : 3) JOIN(matvec, TOKENS)(GLOBAL const uchar *weight, GLOBAL const uint *table, GLOBAL const float *in,
    GLOBAL float *out, GLOBAL const float *addend, int kind, int cols, int rows, int firstRow, int width,
    int tokens) {
  SHARED float part[TEAMS * TEAM_ROWS * TOKENS * (LANES + 1)];
  int lane = LOCAL_ID(0);
  int team = LOCAL_ID(1);
  int row = (GROUP_ID(0) * TEAMS + team) * TEAM_ROWS;
  int token = GROUP_ID(1) * TOKENS;
  float16 acc[TEAM_ROWS][TOKENS];
  JOIN(multiply, TOKENS)(acc, weight, table, in + (ulong) token * cols, cols, row, rows, lane, tokens - token);
  ulong place = (ulong) token * width + firstRow;
  JOIN(finish, TOKENS)(part, acc, lane, team, row, rows, out + place, width, tokens - token,
      addend + (kind == PLACE_ADDEND ? place : firstRow), kind);
}

#if TOKENS == 1
// The weight holds the experts from firstExpert on, count of them. perSlot: each slot has an input of its own.
KERNEL(LANES, TEAMS) matvecExperts(GLOBAL const uchar *weight, GLOBAL const uint *table, GLOBAL const float *routing,
    GLOBAL const float *in, GLOBAL float *out, int cols, int rows, int used, int perSlot, int firstExpert,
    int count) {
  SHARED float part[TEAMS * TEAM_ROWS * (LANES + 1)];
  int lane = LOCAL_ID(0);
  int team = LOCAL_ID(1);
  int row = (GROUP_ID(0) * TEAMS + team) * TEAM_ROWS;
  int slot = GROUP_ID(1);
  int token = slot / used;
  int expert = (int) routing[token * 2 * used + slot % used] - firstExpert;
  if (expert < 0 || expert >= count) {
    return;
  }
  float16 acc[TEAM_ROWS][TOKENS];
  JOIN(multiply, TOKENS)(acc, weight + (ulong) expert * rows * rowBytes(cols), table, in + (ulong) (perSlot ? slot : token) * cols,
      cols, row, rows, lane, 1);
  JOIN(finish, TOKENS)(part, acc, lane, team, row, rows, out + (ulong) slot * rows, rows, 1, in, 0);
}
#endif
