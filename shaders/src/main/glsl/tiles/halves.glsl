// Tiles of float16 numbers, two columns together: half as much to read from shared memory as of
// float32, where products wait for it. The sums are float32: products of such numbers may be
// greater than float16 has room for, and rounding each would cost three digits.
#define UNITS_OF_SLICE 2u
#define SCALED

const uint PAIRS = 16;
const uint ROW_STRIDE = ROWS + 4;
const uint TOKEN_STRIDE = TOKENS + 4;
shared f16vec2 tileW[PAIRS * ROW_STRIDE];
shared f16vec2 tileX[PAIRS * TOKEN_STRIDE];

#include "tiles/sums.glsl"

void load(uint first) {
  for (uint i = gl_LocalInvocationID.x; i < ROWS * 2u; i += gl_WorkGroupSize.x) {
    uint u = first + (i & 1u);
    vec4 w[4];
    decode(blocksOf(i >> 1) + u / UNITS, u % UNITS, w);
    uint to = (i & 1u) * 8u * ROW_STRIDE + (i >> 1);
    [[unroll]] for (uint k = 0; k < 4; k++) {
      tileW[to + k * 2u * ROW_STRIDE] = f16vec2(w[k].xy);
      tileW[to + (k * 2u + 1u) * ROW_STRIDE] = f16vec2(w[k].zw);
    }
  }
  for (uint i = gl_LocalInvocationID.x; i < TOKENS * 8u; i += gl_WorkGroupSize.x) {
    uint at = columnOf(first + (i >> 2 & 1u), i & 3u);
    uvec2 x = Words2(arguments.x).v[(vectors[i >> 3] * arguments.blocks * BLOCK + at) >> 2];
    uint to = (i & 7u) * 2u * TOKEN_STRIDE + (i >> 3);
    tileX[to] = unpackFloat2x16(x.x);
    tileX[to + TOKEN_STRIDE] = unpackFloat2x16(x.y);
  }
}

void multiply() {
  [[unroll]] for (uint k = 0; k < PAIRS; k++) {
    vec2 w[SUB_ROWS];
    [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
      w[r] = vec2(tileW[k * ROW_STRIDE + subRow() + r]);
    }
    [[unroll]] for (uint t = 0; t < SUB_TOKENS; t++) {
      vec2 x = vec2(tileX[k * TOKEN_STRIDE + subToken() + t]);
      [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
        sum[r][t] = fma(w[r].y, x.y, fma(w[r].x, x.x, sum[r][t]));
      }
    }
  }
}
