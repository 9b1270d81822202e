// Tiles of float32 numbers: columns one after the other, each with all rows or all tokens, and room
// against bank conflicts.
#include "activations.glsl"
#define UNITS_OF_SLICE 2u

const uint SLICE = 32;
const uint ROW_STRIDE = ROWS + 4;
const uint TOKEN_STRIDE = TOKENS + 4;
shared float tileW[SLICE * ROW_STRIDE];
shared float tileX[SLICE * TOKEN_STRIDE];

#include "tiles/sums.glsl"

void load(uint first) {
  for (uint i = gl_LocalInvocationID.x; i < ROWS * 2u; i += gl_WorkGroupSize.x) {
    uint u = first + (i & 1u);
    vec4 w[4];
    decode(blocksOf(i >> 1) + u / UNITS, u % UNITS, w);
    uint to = (i & 1u) * 16u * ROW_STRIDE + (i >> 1);
    [[unroll]] for (uint k = 0; k < 4; k++) {
      [[unroll]] for (uint e = 0; e < 4; e++) {
        tileW[to + (k * 4u + e) * ROW_STRIDE] = w[k][e];
      }
    }
  }
  for (uint i = gl_LocalInvocationID.x; i < TOKENS * 8u; i += gl_WorkGroupSize.x) {
    vec4 x = activation(vectors[i >> 3], columnOf(first + (i >> 2 & 1u), i & 3u));
    uint to = (i & 7u) * 4u * TOKEN_STRIDE + (i >> 3);
    [[unroll]] for (uint e = 0; e < 4; e++) {
      tileX[to + e * TOKEN_STRIDE] = x[e];
    }
  }
}

void multiply() {
  [[unroll]] for (uint k = 0; k < SLICE; k++) {
    float w[SUB_ROWS];
    [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
      w[r] = tileW[k * ROW_STRIDE + subRow() + r];
    }
    [[unroll]] for (uint t = 0; t < SUB_TOKENS; t++) {
      float x = tileX[k * TOKEN_STRIDE + subToken() + t];
      [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
        sum[r][t] = fma(w[r], x, sum[r][t]);
      }
    }
  }
}
