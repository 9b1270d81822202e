// Brings the sums of attention.comp's splits together, a quad of a head in each invocation.
#version 460
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
layout(constant_id = 1) const uint WIDTH_V = 64;

const uint QUADS_V = (WIDTH_V + 15) / 16 * 4;

layout(push_constant) uniform Arguments {
  Quads partial;
  Floats y;
  Words count;
  uint nHead;
  uint splits;
} arguments;

void main() {
  uint total = arguments.count.v[0] * arguments.nHead * QUADS_V;
  uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
  for (uint i = gl_GlobalInvocationID.x; i < total; i += stride) {
    uint vector = i / QUADS_V;
    uint at = i % QUADS_V;
    uint from = vector * arguments.splits * (QUADS_V + 1u);
    float top = arguments.partial.v[from].x;
    for (uint s = 1; s < arguments.splits; s++) {
      top = max(top, arguments.partial.v[from + s * (QUADS_V + 1u)].x);
    }
    vec4 sum = vec4(0.0);
    float weights = 0.0;
    for (uint s = 0; s < arguments.splits; s++) {
      uint part = from + s * (QUADS_V + 1u);
      vec4 head = arguments.partial.v[part];
      // 0 in a split without positions.
      float factor = head.y == 0.0 ? 0.0 : exp(head.x - top);
      weights += factor * head.y;
      sum += factor * arguments.partial.v[part + 1u + at];
    }
    sum /= weights;
    [[unroll]] for (uint e = 0; e < 4; e++) {
      if (at * 4u + e < WIDTH_V) {
        arguments.y.v[vector * WIDTH_V + at * 4u + e] = sum[e];
      }
    }
  }
}
