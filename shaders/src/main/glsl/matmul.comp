// Products of a matrix with many vectors, tile by tile: ROWS rows of the matrix against TOKENS
// vectors, decoded to shared memory in slices of 32 columns. Each invocation holds SUB_ROWS x
// SUB_TOKENS sums. The columns of a slice are those of two units of the weight's type, wherever
// they lie in its block: matrix and vectors are read in the same order.
#version 460
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
layout(constant_id = 1) const uint ROWS = 64;
layout(constant_id = 2) const uint TOKENS = 64;
layout(constant_id = 3) const uint SUB_ROWS = 8;
layout(constant_id = 4) const uint SUB_TOKENS = 4;
// Whether the tokens of each matrix are those that a router gives it.
layout(constant_id = 5) const bool EXPERTS = false;

layout(push_constant) uniform Arguments {
  Words mainPlane;
  Words scalePlane;
  Quads x;
  Floats y;
  Floats bias;
  // The tokens of each expert: see expert_groups.comp.
  Words groups;
  Words count;
  uint cols;
  uint rows;
  uint blocks;
  uint hasBias;
  uint used;
  uint perSlot;
  uint experts;
} arguments;

#include "weights.glsl"
#include "activations.glsl"

const uint SLICE = 32;
const uint ROW_STRIDE = ROWS + 4;
const uint TOKEN_STRIDE = TOKENS + 4;
shared float tileW[SLICE * ROW_STRIDE];
shared float tileX[SLICE * TOKEN_STRIDE];
shared uint vectors[TOKENS];
shared uint results[TOKENS];

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
  uint subRow = me % (ROWS / SUB_ROWS) * SUB_ROWS;
  uint subToken = me / (ROWS / SUB_ROWS) * SUB_TOKENS;
  float sum[SUB_ROWS][SUB_TOKENS];
  [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
    [[unroll]] for (uint t = 0; t < SUB_TOKENS; t++) {
      sum[r][t] = 0.0;
    }
  }
  uint units = arguments.blocks * UNITS;
  for (uint first = 0; first < units; first += 2u) {
    barrier();
    for (uint i = me; i < ROWS * 2u; i += size) {
      uint row = min(firstRow + (i >> 1), arguments.rows - 1u);
      uint u = first + (i & 1u);
      vec4 w[4];
      decode((matrix + row) * arguments.blocks + u / UNITS, u % UNITS, w);
      uint to = (i & 1u) * 16u * ROW_STRIDE + (i >> 1);
      [[unroll]] for (uint k = 0; k < 4; k++) {
        [[unroll]] for (uint e = 0; e < 4; e++) {
          tileW[to + (k * 4u + e) * ROW_STRIDE] = w[k][e];
        }
      }
    }
    for (uint i = me; i < TOKENS * 8u; i += size) {
      uint u = first + (i >> 2 & 1u);
      uint at = u / UNITS * BLOCK + quadPosition(u % UNITS, i & 3u);
      vec4 x = activation(vectors[i >> 3], at);
      uint to = (i & 7u) * 4u * TOKEN_STRIDE + (i >> 3);
      [[unroll]] for (uint e = 0; e < 4; e++) {
        tileX[to + e * TOKEN_STRIDE] = x[e];
      }
    }
    barrier();
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
    if (firstToken + subToken + t < count) {
      uint to = results[subToken + t] * arguments.rows;
      [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
        uint row = firstRow + subRow + r;
        if (row < arguments.rows) {
          float total = sum[r][t];
          if (arguments.hasBias != 0u) {
            total += arguments.bias.v[row];
          }
          arguments.y.v[to + row] = total;
        }
      }
    }
  }
}
