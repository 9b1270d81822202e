// Sorts the pairs of token and slot by the expert that they are for: where each expert's pairs
// begin (one more entry than experts), then the pairs, ascending. One workgroup.
#version 460
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
#define SIZE gl_WorkGroupSize.x
layout(constant_id = 1) const uint EXPERTS = 8;

layout(push_constant) uniform Arguments {
  Floats routing;
  Words groups;
  Words count;
  uint used;
} arguments;

shared uint counts[EXPERTS];

uint expertOf(uint pair) {
  uint token = pair / arguments.used;
  return uint(arguments.routing.v[token * arguments.used + pair]);
}

void main() {
  uint me = gl_LocalInvocationID.x;
  uint pairs = arguments.count.v[0] * arguments.used;
  for (uint expert = me; expert < EXPERTS; expert += SIZE) {
    uint n = 0;
    for (uint pair = 0; pair < pairs; pair++) {
      n += expertOf(pair) == expert ? 1u : 0u;
    }
    counts[expert] = n;
  }
  barrier();
  if (me == 0u) {
    uint at = 0;
    for (uint expert = 0; expert < EXPERTS; expert++) {
      uint n = counts[expert];
      counts[expert] = at;
      arguments.groups.v[expert] = at;
      at += n;
    }
    arguments.groups.v[EXPERTS] = at;
  }
  barrier();
  for (uint expert = me; expert < EXPERTS; expert += SIZE) {
    uint at = EXPERTS + 1u + counts[expert];
    for (uint pair = 0; pair < pairs; pair++) {
      if (expertOf(pair) == expert) {
        arguments.groups.v[at++] = pair;
      }
    }
  }
}
