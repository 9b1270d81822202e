// Rotary position embedding. An angle is a fraction of a turn in 32 bits, so that the product with
// a position keeps its low digits however far out it is; sine and cosine are polynomials, as
// drivers promise 11 bits only.
#version 460
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
// Whether a pair is i with i + dims / 2, and not 2 i with 2 i + 1.
layout(constant_id = 1) const bool HALVES = false;

layout(push_constant) uniform Arguments {
  Floats x;
  Floats y;
  Words count;
  Words positions;
  // For each pair the part of a turn that one position makes, times 2^32.
  Words turns;
  uint headDim;
  uint dims;
  uint heads;
  float magnitude;
} arguments;

vec2 cosineAndSine(uint turn) {
  uint quarter = turn + 0x20000000u >> 30;
  float r = float(int(turn - (quarter << 30))) * 1.4629180792671596e-9;
  float s = r * r;
  float sine = r * (1.0 + s * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s / 362880.0))));
  float cosine = 1.0 + s * (-0.5 + s * (1.0 / 24.0 + s * (-1.0 / 720.0 + s / 40320.0)));
  switch (quarter) {
    case 0:
      return vec2(cosine, sine);
    case 1:
      return vec2(-sine, cosine);
    case 2:
      return vec2(-cosine, -sine);
    default:
      return vec2(sine, -cosine);
  }
}

void main() {
  // An invocation turns a pair, or passes one value on.
  uint pairs = arguments.dims / 2u;
  uint each = arguments.headDim - pairs;
  uint total = arguments.count.v[0] * arguments.heads * each;
  uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
  for (uint i = gl_GlobalInvocationID.x; i < total; i += stride) {
    uint head = i / each;
    uint pair = i % each;
    uint from = head * arguments.headDim;
    if (pair >= pairs) {
      uint at = from + pairs + pair;
      arguments.y.v[at] = arguments.x.v[at];
      continue;
    }
    uint position = arguments.positions.v[head / arguments.heads];
    vec2 turned = cosineAndSine(position * arguments.turns.v[pair]) * arguments.magnitude;
    uint first = from + (HALVES ? pair : 2u * pair);
    uint second = HALVES ? first + pairs : first + 1u;
    float a = arguments.x.v[first];
    float b = arguments.x.v[second];
    arguments.y.v[first] = a * turned.x - b * turned.y;
    arguments.y.v[second] = a * turned.y + b * turned.x;
  }
}
