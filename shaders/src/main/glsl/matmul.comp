// Products of a matrix with many vectors, tile by tile: ROWS rows of the matrix against TOKENS
// vectors, decoded to shared memory in slices of 32 columns. Each invocation holds SUB_ROWS x
// SUB_TOKENS sums. The columns of a slice are those of two units of the weight's type, wherever
// they lie in its block: matrix and vectors are read in the same order.
// With COOPERATIVE, subgroups multiply small matrices of float16 numbers together, and add in
// float32: each holds SUB_ROWS x SUB_TOKENS sums, and the vectors come as narrow.comp makes them.
#version 460
#ifdef COOPERATIVE
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#endif
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
layout(constant_id = 1) const uint ROWS = 64;
layout(constant_id = 2) const uint TOKENS = 64;
layout(constant_id = 3) const uint SUB_ROWS = 8;
layout(constant_id = 4) const uint SUB_TOKENS = 4;
// Whether the tokens of each matrix are those that a router gives it.
layout(constant_id = 5) const bool EXPERTS = false;
#ifdef COOPERATIVE
// The size of the small matrices: rows, vectors, columns.
layout(constant_id = 6) const uint M = 16;
layout(constant_id = 7) const uint N = 16;
layout(constant_id = 8) const uint K = 16;
#endif

layout(push_constant) uniform Arguments {
  Words mainPlane;
  Words scalePlane;
#ifdef COOPERATIVE
  Words2 x;
#else
  Quads x;
#endif
  Floats y;
  Floats bias;
  // The tokens of each expert: see expert_groups.comp.
  Words groups;
  Words count;
  // What the products of each vector are to be multiplied by, with COOPERATIVE.
  Floats scales;
  uint cols;
  uint rows;
  uint blocks;
  uint hasBias;
  uint used;
  uint perSlot;
  uint experts;
} arguments;

#include "weights.glsl"

const uint SLICE = 32;
shared uint vectors[TOKENS];
shared uint results[TOKENS];
#ifdef COOPERATIVE
// Rows and vectors one after the other, with room against bank conflicts.
const uint STRIDE = SLICE + 8;
const uint DOWN = SUB_ROWS / M;
const uint ACROSS = SUB_TOKENS / N;
const uint SUBGROUPS = (ROWS / SUB_ROWS) * (TOKENS / SUB_TOKENS);
shared float16_t tileW[ROWS * STRIDE];
shared float16_t tileX[TOKENS * STRIDE];
shared float sums[SUBGROUPS * M * N];
#else
#include "activations.glsl"
const uint ROW_STRIDE = ROWS + 4;
const uint TOKEN_STRIDE = TOKENS + 4;
shared float tileW[SLICE * ROW_STRIDE];
shared float tileX[SLICE * TOKEN_STRIDE];
#endif

// Writes a result, unless it lies outside.
void put(uint row, uint token, uint count, float total) {
  if (row < arguments.rows && token < count) {
    uint t = token - gl_WorkGroupID.y * TOKENS;
#ifdef COOPERATIVE
    total *= arguments.scales.v[vectors[t]];
#endif
    if (arguments.hasBias != 0u) {
      total += arguments.bias.v[row];
    }
    arguments.y.v[results[t] * arguments.rows + row] = total;
  }
}

void main() {
  uint me = gl_LocalInvocationID.x;
  uint size = gl_WorkGroupSize.x;
  uint firstRow = gl_WorkGroupID.x * ROWS;
  uint firstToken = gl_WorkGroupID.y * TOKENS;
  uint matrix = 0;
  uint count = arguments.count.v[0];
  uint from = 0;
  if (EXPERTS) {
    uint expert = gl_WorkGroupID.z;
    matrix = expert * arguments.rows;
    from = arguments.groups.v[expert];
    count = arguments.groups.v[expert + 1u] - from;
  }
  if (firstToken >= count) {
    return;
  }
  for (uint i = me; i < TOKENS; i += size) {
    uint t = min(firstToken + i, count - 1u);
    if (EXPERTS) {
      uint pair = arguments.groups.v[arguments.experts + 1u + from + t];
      results[i] = pair;
      vectors[i] = arguments.perSlot != 0u ? pair : pair / arguments.used;
    } else {
      results[i] = t;
      vectors[i] = t;
    }
  }
#ifdef COOPERATIVE
  uint part = gl_SubgroupID;
#else
  uint part = me;
#endif
  uint subRow = part % (ROWS / SUB_ROWS) * SUB_ROWS;
  uint subToken = part / (ROWS / SUB_ROWS) * SUB_TOKENS;
#ifdef COOPERATIVE
  coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator> sum[DOWN * ACROSS];
  [[unroll]] for (uint i = 0; i < DOWN * ACROSS; i++) {
    sum[i] = coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator>(0.0);
  }
#else
  float sum[SUB_ROWS][SUB_TOKENS];
  [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
    [[unroll]] for (uint t = 0; t < SUB_TOKENS; t++) {
      sum[r][t] = 0.0;
    }
  }
#endif
  uint units = arguments.blocks * UNITS;
  for (uint first = 0; first < units; first += 2u) {
    barrier();
    for (uint i = me; i < ROWS * 2u; i += size) {
      uint row = min(firstRow + (i >> 1), arguments.rows - 1u);
      uint u = first + (i & 1u);
      vec4 w[4];
      decode((matrix + row) * arguments.blocks + u / UNITS, u % UNITS, w);
#ifdef COOPERATIVE
      uint to = (i >> 1) * STRIDE + (i & 1u) * 16u;
#else
      uint to = (i & 1u) * 16u * ROW_STRIDE + (i >> 1);
#endif
      [[unroll]] for (uint k = 0; k < 4; k++) {
        [[unroll]] for (uint e = 0; e < 4; e++) {
#ifdef COOPERATIVE
          tileW[to + k * 4u + e] = float16_t(w[k][e]);
#else
          tileW[to + (k * 4u + e) * ROW_STRIDE] = w[k][e];
#endif
        }
      }
    }
    for (uint i = me; i < TOKENS * 8u; i += size) {
      uint u = first + (i >> 2 & 1u);
      uint at = u / UNITS * BLOCK + quadPosition(u % UNITS, i & 3u);
#ifdef COOPERATIVE
      uvec2 x = arguments.x.v[(vectors[i >> 3] * arguments.blocks * BLOCK + at) >> 2];
      uint to = (i >> 3) * STRIDE + (i & 7u) * 4u;
      f16vec2 low = unpackFloat2x16(x.x);
      f16vec2 high = unpackFloat2x16(x.y);
      tileX[to] = low.x;
      tileX[to + 1u] = low.y;
      tileX[to + 2u] = high.x;
      tileX[to + 3u] = high.y;
#else
      vec4 x = activation(vectors[i >> 3], at);
      uint to = (i & 7u) * 4u * TOKEN_STRIDE + (i >> 3);
      [[unroll]] for (uint e = 0; e < 4; e++) {
        tileX[to + e * TOKEN_STRIDE] = x[e];
      }
#endif
    }
    barrier();
#ifdef COOPERATIVE
    [[unroll]] for (uint k = 0; k < SLICE; k += K) {
      coopmat<float16_t, gl_ScopeSubgroup, M, K, gl_MatrixUseA> w[DOWN];
      [[unroll]] for (uint r = 0; r < DOWN; r++) {
        uint at = (subRow + r * M) * STRIDE + k;
        coopMatLoad(w[r], tileW, at, STRIDE, gl_CooperativeMatrixLayoutRowMajor);
      }
      [[unroll]] for (uint t = 0; t < ACROSS; t++) {
        coopmat<float16_t, gl_ScopeSubgroup, K, N, gl_MatrixUseB> x;
        uint at = (subToken + t * N) * STRIDE + k;
        coopMatLoad(x, tileX, at, STRIDE, gl_CooperativeMatrixLayoutColumnMajor);
        [[unroll]] for (uint r = 0; r < DOWN; r++) {
          sum[t * DOWN + r] = coopMatMulAdd(w[r], x, sum[t * DOWN + r]);
        }
      }
    }
  }
  [[unroll]] for (uint t = 0; t < ACROSS; t++) {
    [[unroll]] for (uint r = 0; r < DOWN; r++) {
      barrier();
      uint at = part * M * N;
      coopMatStore(sum[t * DOWN + r], sums, at, M, gl_CooperativeMatrixLayoutColumnMajor);
      barrier();
      for (uint i = gl_SubgroupInvocationID; i < M * N; i += gl_SubgroupSize) {
        uint row = firstRow + subRow + r * M + i % M;
        put(row, firstToken + subToken + t * N + i / M, count, sums[at + i]);
      }
    }
  }
#else
    [[unroll]] for (uint k = 0; k < SLICE; k++) {
      float w[SUB_ROWS];
      [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
        w[r] = tileW[k * ROW_STRIDE + subRow + r];
      }
      [[unroll]] for (uint t = 0; t < SUB_TOKENS; t++) {
        float x = tileX[k * TOKEN_STRIDE + subToken + t];
        [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
          sum[r][t] = fma(w[r], x, sum[r][t]);
        }
      }
    }
  }
  [[unroll]] for (uint t = 0; t < SUB_TOKENS; t++) {
    [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
      put(firstRow + subRow + r, firstToken + subToken + t, count, sum[r][t]);
    }
  }
#endif
}
