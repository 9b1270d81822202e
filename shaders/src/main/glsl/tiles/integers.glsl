// Tiles of signed bytes, multiplied four at once: the vectors come as quantize.comp makes them. The
// words of a slice lie in groups, of one scale of the row and one of the vector, whose products are
// summed as integers.
#define UNITS_OF_SLICE 4u

// Quads of a unit with one scale; words of a group.
const uint SHARED = 4 / SCALES;
const uint WORDS = TOGETHER * SHARED;
const uint GROUPS = UNITS_OF_SLICE * 4 / WORDS;
const uint ROW_STRIDE = ROWS + 4;
const uint TOKEN_STRIDE = TOKENS + 4;
shared uint tileW[GROUPS * WORDS * ROW_STRIDE];
shared uint tileX[GROUPS * WORDS * TOKEN_STRIDE];
shared float scalesW[GROUPS * ROW_STRIDE];
shared float scalesX[GROUPS * TOKEN_STRIDE];
#ifdef OFFSETS
shared float offsetsW[GROUPS * ROW_STRIDE];
// The sums of a group's values.
shared float totalsX[GROUPS * TOKEN_STRIDE];
#endif

#include "tiles/sums.glsl"

// Slices are whole groups, but the last one may have fewer units than the others.
void load(uint first) {
  uint units = arguments.blocks * UNITS - first;
  for (uint i = gl_LocalInvocationID.x; i < ROWS * UNITS_OF_SLICE; i += gl_WorkGroupSize.x) {
    uint row = i / UNITS_OF_SLICE;
    uint v = i % UNITS_OF_SLICE;
    uint q[4] = {0u, 0u, 0u, 0u};
    float a[SCALES];
    float b[SCALES];
    [[unroll]] for (uint s = 0; s < SCALES; s++) {
      a[s] = 0.0;
      b[s] = 0.0;
    }
    if (v < units) {
      uint u = first + v;
      signedQuants(blocksOf(row) + u / UNITS, u % UNITS, q, a, b);
    }
    uint group = v / TOGETHER * SCALES;
    uint word = v % TOGETHER * SHARED;
    [[unroll]] for (uint k = 0; k < 4; k++) {
      uint at = (group + k / SHARED) * WORDS + word + k % SHARED;
      tileW[at * ROW_STRIDE + row] = q[k];
    }
    if (v % TOGETHER == 0u) {
      [[unroll]] for (uint s = 0; s < SCALES; s++) {
        scalesW[(group + s) * ROW_STRIDE + row] = a[s];
#ifdef OFFSETS
        offsetsW[(group + s) * ROW_STRIDE + row] = b[s];
#endif
      }
    }
  }
  for (uint i = gl_LocalInvocationID.x; i < TOKENS * GROUPS; i += gl_WorkGroupSize.x) {
    uint token = i / GROUPS;
    uint group = i % GROUPS;
    uint v = group / SCALES * TOGETHER;
    float d = 0.0;
    int total = 0;
    [[unroll]] for (uint n = 0; n < WORDS; n++) {
      uint x = 0;
      if (v < units) {
        uint u = first + v + n / SHARED;
        uint at = vectors[token] * arguments.cols
            + columnOf(u, group % SCALES * SHARED + n % SHARED);
        x = arguments.x.v[at >> 2];
        total += dotPacked4x8EXT(0x01010101, int(x));
        if (n == 0u) {
          d = arguments.scales.v[at >> 5];
        }
      }
      tileX[(group * WORDS + n) * TOKEN_STRIDE + token] = x;
    }
    scalesX[group * TOKEN_STRIDE + token] = d;
#ifdef OFFSETS
    totalsX[group * TOKEN_STRIDE + token] = d * float(total);
#endif
  }
}

void multiply() {
  for (uint group = 0; group < GROUPS; group++) {
    int product[SUB_ROWS][SUB_TOKENS];
    [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
      [[unroll]] for (uint t = 0; t < SUB_TOKENS; t++) {
        product[r][t] = 0;
      }
    }
    [[unroll]] for (uint n = 0; n < WORDS; n++) {
      uint k = group * WORDS + n;
      int w[SUB_ROWS];
      [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
        w[r] = int(tileW[k * ROW_STRIDE + subRow() + r]);
      }
      [[unroll]] for (uint t = 0; t < SUB_TOKENS; t++) {
        int x = int(tileX[k * TOKEN_STRIDE + subToken() + t]);
        [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
          product[r][t] += dotPacked4x8EXT(w[r], x);
        }
      }
    }
    [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
      float a = scalesW[group * ROW_STRIDE + subRow() + r];
#ifdef OFFSETS
      float b = offsetsW[group * ROW_STRIDE + subRow() + r];
#endif
      [[unroll]] for (uint t = 0; t < SUB_TOKENS; t++) {
        uint token = group * TOKEN_STRIDE + subToken() + t;
        sum[r][t] = fma(a * scalesX[token], float(product[r][t]), sum[r][t]);
#ifdef OFFSETS
        sum[r][t] = fma(b, totalsX[token], sum[r][t]);
#endif
      }
    }
  }
}
