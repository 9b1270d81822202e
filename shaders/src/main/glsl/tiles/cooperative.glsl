// Tiles of float16 numbers, which subgroups multiply together as small matrices; sums are float32.
// Rows and vectors lie one after the other, with room against bank conflicts.
#define UNITS_OF_SLICE 2u
#define SCALED

// The size of the small matrices: rows, vectors, columns.
layout(constant_id = 6) const uint M = 16;
layout(constant_id = 7) const uint N = 16;
layout(constant_id = 8) const uint K = 16;

const uint SLICE = 32;
const uint STRIDE = SLICE + 8;
const uint DOWN = SUB_ROWS / M;
const uint ACROSS = SUB_TOKENS / N;
const uint SUBGROUPS = (ROWS / SUB_ROWS) * (TOKENS / SUB_TOKENS);
shared float16_t tileW[ROWS * STRIDE];
shared float16_t tileX[TOKENS * STRIDE];
shared float sums[SUBGROUPS * M * N];

coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator> sum[DOWN * ACROSS];

uint subRow() {
  return gl_SubgroupID % (ROWS / SUB_ROWS) * SUB_ROWS;
}

uint subToken() {
  return gl_SubgroupID / (ROWS / SUB_ROWS) * SUB_TOKENS;
}

void clear() {
  [[unroll]] for (uint i = 0; i < DOWN * ACROSS; i++) {
    sum[i] = coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator>(0.0);
  }
}

void load(uint first) {
  for (uint i = gl_LocalInvocationID.x; i < ROWS * 2u; i += gl_WorkGroupSize.x) {
    uint u = first + (i & 1u);
    vec4 w[4];
    decode(blocksOf(i >> 1) + u / UNITS, u % UNITS, w);
    uint to = (i >> 1) * STRIDE + (i & 1u) * 16u;
    [[unroll]] for (uint k = 0; k < 4; k++) {
      [[unroll]] for (uint e = 0; e < 4; e++) {
        tileW[to + k * 4u + e] = float16_t(w[k][e]);
      }
    }
  }
  for (uint i = gl_LocalInvocationID.x; i < TOKENS * 8u; i += gl_WorkGroupSize.x) {
    uint at = columnOf(first + (i >> 2 & 1u), i & 3u);
    uvec2 x = Words2(arguments.x).v[(vectors[i >> 3] * arguments.blocks * BLOCK + at) >> 2];
    uint to = (i >> 3) * STRIDE + (i & 7u) * 4u;
    f16vec2 low = unpackFloat2x16(x.x);
    f16vec2 high = unpackFloat2x16(x.y);
    tileX[to] = low.x;
    tileX[to + 1u] = low.y;
    tileX[to + 2u] = high.x;
    tileX[to + 3u] = high.y;
  }
}

void multiply() {
  [[unroll]] for (uint k = 0; k < SLICE; k += K) {
    coopmat<float16_t, gl_ScopeSubgroup, M, K, gl_MatrixUseA> w[DOWN];
    [[unroll]] for (uint r = 0; r < DOWN; r++) {
      uint at = (subRow() + r * M) * STRIDE + k;
      coopMatLoad(w[r], tileW, at, STRIDE, gl_CooperativeMatrixLayoutRowMajor);
    }
    [[unroll]] for (uint t = 0; t < ACROSS; t++) {
      coopmat<float16_t, gl_ScopeSubgroup, K, N, gl_MatrixUseB> x;
      uint at = (subToken() + t * N) * STRIDE + k;
      coopMatLoad(x, tileX, at, STRIDE, gl_CooperativeMatrixLayoutColumnMajor);
      [[unroll]] for (uint r = 0; r < DOWN; r++) {
        sum[t * DOWN + r] = coopMatMulAdd(w[r], x, sum[t * DOWN + r]);
      }
    }
  }
}

void finish() {
  uint at = gl_SubgroupID * M * N;
  [[unroll]] for (uint t = 0; t < ACROSS; t++) {
    [[unroll]] for (uint r = 0; r < DOWN; r++) {
      barrier();
      coopMatStore(sum[t * DOWN + r], sums, at, M, gl_CooperativeMatrixLayoutColumnMajor);
      barrier();
      for (uint i = gl_SubgroupInvocationID; i < M * N; i += gl_SubgroupSize) {
        put(subRow() + r * M + i % M, subToken() + t * N + i / M, sums[at + i]);
      }
    }
  }
}
