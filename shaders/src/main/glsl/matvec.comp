// Products of a matrix with few vectors. A team of invocations (a subgroup, where SUBGROUPS is
// defined) holds ROWS rows against TOKENS vectors: neighbours read neighbouring units of a row.
// With INTEGERS the vectors come as bytes with a scale for each 32 of them, see quantize.comp.
#version 460
#ifdef SUBGROUPS
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif
#ifdef INTEGERS
#extension GL_EXT_integer_dot_product : require
#endif
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
layout(constant_id = 1) const uint TEAM = 32;
layout(constant_id = 2) const uint ROWS = 2;
layout(constant_id = 3) const uint TOKENS = 1;
// Whether the matrix is picked by a router, one for each pair of token and slot.
layout(constant_id = 4) const bool EXPERTS = false;

layout(push_constant) uniform Arguments {
  Words mainPlane;
  Words scalePlane;
  // The vectors: float32, or as quantize.comp makes them.
  Words x;
  Floats y;
  Floats bias;
  Floats routing;
  Words count;
  // What the vectors' bytes are to be multiplied by, with INTEGERS.
  Floats scales;
  uint cols;
  uint rows;
  // Blocks of a row.
  uint blocks;
  uint hasBias;
  // Experts of a token; whether each has an input of its own.
  uint used;
  uint perSlot;
} arguments;

#include "weights.glsl"
#ifdef INTEGERS
// Quads of each scale.
const uint QUADS = 4 / SCALES;
#else
#include "activations.glsl"
#endif

#ifndef SUBGROUPS
#define SIZE gl_WorkGroupSize.x
shared float sums[SIZE];
#endif

void main() {
#ifdef SUBGROUPS
  uint team = gl_SubgroupID;
  uint lane = gl_SubgroupInvocationID;
#else
  uint team = gl_LocalInvocationID.x / TEAM;
  uint lane = gl_LocalInvocationID.x % TEAM;
#endif
  uint group = gl_WorkGroupID.x + gl_WorkGroupID.y * gl_NumWorkGroups.x;
  uint firstRow = (group * (gl_WorkGroupSize.x / TEAM) + team) * ROWS;
  uint firstToken = gl_WorkGroupID.z * TOKENS;
  uint count = arguments.count.v[0];
  uint matrix = 0;
  if (EXPERTS) {
    if (firstToken >= count * arguments.used) {
      return;
    }
    uint token = firstToken / arguments.used;
    uint slot = firstToken % arguments.used;
    matrix = uint(arguments.routing.v[token * 2u * arguments.used + slot]) * arguments.rows;
  } else if (firstToken >= count) {
    return;
  }

  uint from[ROWS];
  [[unroll]] for (uint r = 0; r < ROWS; r++) {
    from[r] = (matrix + min(firstRow + r, arguments.rows - 1u)) * arguments.blocks;
  }
  uint vectors[TOKENS];
  [[unroll]] for (uint t = 0; t < TOKENS; t++) {
    vectors[t] = EXPERTS
        ? arguments.perSlot != 0u ? firstToken : firstToken / arguments.used
        : min(firstToken + t, count - 1u);
  }
  float sum[ROWS][TOKENS];
  [[unroll]] for (uint r = 0; r < ROWS; r++) {
    [[unroll]] for (uint t = 0; t < TOKENS; t++) {
      sum[r][t] = 0.0;
    }
  }
  uint units = arguments.blocks * UNITS;
  for (uint u = lane; u < units; u += TEAM) {
    uint block = u / UNITS;
    uint unit = u % UNITS;
#ifdef INTEGERS
    uint x[TOKENS][4];
    float d[TOKENS][SCALES];
    [[unroll]] for (uint t = 0; t < TOKENS; t++) {
      [[unroll]] for (uint k = 0; k < 4; k++) {
        uint at = vectors[t] * arguments.cols + block * BLOCK + quadPosition(unit, k);
        x[t][k] = arguments.x.v[at >> 2];
        if (k % QUADS == 0u) {
          d[t][k / QUADS] = arguments.scales.v[at >> 5];
        }
      }
    }
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
      uint q[4];
      float a[SCALES];
      float b[SCALES];
      signedQuants(from[r] + block, unit, q, a, b);
      [[unroll]] for (uint t = 0; t < TOKENS; t++) {
        [[unroll]] for (uint s = 0; s < SCALES; s++) {
          int product = 0;
          int added = 0;
          [[unroll]] for (uint k = s * QUADS; k < (s + 1u) * QUADS; k++) {
            product += dotPacked4x8EXT(int(q[k]), int(x[t][k]));
            added += dotPacked4x8EXT(0x01010101, int(x[t][k]));
          }
          float one = a[s] * float(product);
#ifdef OFFSETS
          one += b[s] * float(added);
#endif
          sum[r][t] += one * d[t][s];
        }
      }
    }
#else
    vec4 w[ROWS][4];
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
      decode(from[r] + block, unit, w[r]);
    }
    [[unroll]] for (uint k = 0; k < 4; k++) {
      uint at = block * BLOCK + quadPosition(unit, k);
      [[unroll]] for (uint t = 0; t < TOKENS; t++) {
        vec4 x = activation(vectors[t], at);
        [[unroll]] for (uint r = 0; r < ROWS; r++) {
          sum[r][t] += dot(w[r][k], x);
        }
      }
    }
#endif
  }
  [[unroll]] for (uint r = 0; r < ROWS; r++) {
    [[unroll]] for (uint t = 0; t < TOKENS; t++) {
#ifdef SUBGROUPS
      float total = subgroupAdd(sum[r][t]);
#else
      uint me = gl_LocalInvocationID.x;
      sums[me] = sum[r][t];
      for (uint half_ = TEAM / 2u; half_ > 0u; half_ >>= 1) {
        barrier();
        if (lane < half_) {
          sums[me] += sums[me + half_];
        }
      }
      float total = sums[me];
      barrier();
#endif
      uint row = firstRow + r;
      if (lane == 0u && row < arguments.rows && (EXPERTS || firstToken + t < count)) {
        if (arguments.hasBias != 0u) {
          total += arguments.bias.v[row];
        }
        arguments.y.v[(firstToken + t) * arguments.rows + row] = total;
      }
    }
  }
}
