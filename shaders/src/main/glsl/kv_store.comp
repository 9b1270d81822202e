// Stores keys or values at their tokens' positions: 16 values in each invocation, 64 of quantized
// types, as two of their scales share a word.
#version 460
#include "common.glsl"
#include "pages.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
layout(constant_id = 1) const uint TYPE = 0;
layout(constant_id = 2) const uint WIDTH = 64;
layout(constant_id = 3) const uint PAGE = 16;

const uint PADDED_WIDTH = (WIDTH + 15) / 16 * 16;

layout(push_constant) uniform Arguments {
  Floats x;
  Words rows;
  Words scales;
  Words step_;
  uint positionsAt;
  uint slotsAt;
  uint pagesAt;
  // Entries of a sequence's page table.
  uint pages;
  uint heads;
} arguments;

// C's roundf: halves go away from zero.
int roundAway(float x) {
  float whole = trunc(x);
  float rest = x - whole;
  return int(whole) + (rest >= 0.5 ? 1 : rest <= -0.5 ? -1 : 0);
}

// Stores 32 values in Q8_0; their scale.
float storeQ8(uint from, uint to) {
  float greatest = 0.0;
  for (uint i = 0; i < 32u; i++) {
    greatest = max(greatest, abs(arguments.x.v[from + i]));
  }
  float d = greatest / 127.0;
  float inverse = d == 0.0 ? 0.0 : 1.0 / d;
  for (uint i = 0; i < 8u; i++) {
    uint word = 0;
    for (uint e = 0; e < 4u; e++) {
      int q = roundAway(arguments.x.v[from + i * 4u + e] * inverse);
      word |= (uint(q) & 255u) << e * 8u;
    }
    arguments.rows.v[to + i] = word;
  }
  return d;
}

// Stores 32 values in Q4_0; their scale.
float storeQ4(uint from, uint to) {
  float extreme = 0.0;
  for (uint i = 0; i < 32u; i++) {
    float x = arguments.x.v[from + i];
    extreme = abs(x) > abs(extreme) ? x : extreme;
  }
  float d = extreme / -8.0;
  float inverse = d == 0.0 ? 0.0 : 1.0 / d;
  for (uint i = 0; i < 4u; i++) {
    uint word = 0;
    for (uint e = 0; e < 4u; e++) {
      int low = min(15, int(arguments.x.v[from + i * 4u + e] * inverse + 8.5));
      int high = min(15, int(arguments.x.v[from + i * 4u + e + 16u] * inverse + 8.5));
      word |= (uint(low) | uint(high) << 4) << e * 8u;
    }
    arguments.rows.v[to + i] = word;
  }
  return d;
}

void main() {
  uint each = TYPE >= Q8_0 ? (WIDTH + 63u) / 64u : PADDED_WIDTH / 16u;
  uint total = arguments.step_.v[0] * arguments.heads * each;
  uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
  for (uint i = gl_GlobalInvocationID.x; i < total; i += stride) {
    uint vector = i / each;
    uint part = i % each;
    uint token = vector / arguments.heads;
    uint head = vector % arguments.heads;
    uint position = arguments.step_.v[arguments.positionsAt + token];
    uint slot = arguments.step_.v[arguments.slotsAt + token];
    uint page = arguments.step_.v[arguments.pagesAt + slot * arguments.pages + position / PAGE];
    uint row = (page * arguments.heads + head) * PAGE + position % PAGE;
    uint from = vector * WIDTH;
    uint to = row * rowWords(TYPE, PADDED_WIDTH);
    if (TYPE >= Q8_0) {
      float scales[2] = {0.0, 0.0};
      [[unroll]] for (uint n = 0; n < 2u; n++) {
        uint block = part * 2u + n;
        if (block * 32u < WIDTH) {
          scales[n] = TYPE == Q8_0
              ? storeQ8(from + block * 32u, to + block * 8u)
              : storeQ4(from + block * 32u, to + block * 4u);
        }
      }
      arguments.scales.v[row * scaleWords(TYPE, PADDED_WIDTH) + part] =
          toHalf2(scales[0], scales[1]);
      continue;
    }
    [[unroll]] for (uint n = 0; n < 16u; n += 2u) {
      uint at = part * 16u + n;
      float a = at < WIDTH ? arguments.x.v[from + at] : 0.0;
      float b = at + 1u < WIDTH ? arguments.x.v[from + at + 1u] : 0.0;
      if (TYPE == F32) {
        arguments.rows.v[to + at] = floatBitsToUint(a);
        arguments.rows.v[to + at + 1u] = floatBitsToUint(b);
      } else if (TYPE == F16) {
        arguments.rows.v[to + at / 2u] = toHalf2(a, b);
      } else {
        arguments.rows.v[to + at / 2u] = toBfloat(a) & 0xffffu | toBfloat(b) << 16;
      }
    }
  }
}
