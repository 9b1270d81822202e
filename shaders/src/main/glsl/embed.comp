// Looks up rows of a table, a unit of 16 values in each invocation.
#version 460
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

layout(push_constant) uniform Arguments {
  Words mainPlane;
  Words scalePlane;
  Floats y;
  Words count;
  Words ids;
  uint cols;
  uint blocks;
  uint rows;
} arguments;

#include "weights.glsl"

void main() {
  uint units = arguments.blocks * UNITS;
  uint total = arguments.count.v[0] * units;
  uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
  for (uint i = gl_GlobalInvocationID.x; i < total; i += stride) {
    uint token = i / units;
    uint u = i % units;
    uint row = min(arguments.ids.v[token], arguments.rows - 1u);
    vec4 w[4];
    decode(row * arguments.blocks + u / UNITS, u % UNITS, w);
    [[unroll]] for (uint k = 0; k < 4; k++) {
      uint at = u / UNITS * BLOCK + quadPosition(u % UNITS, k);
      [[unroll]] for (uint e = 0; e < 4; e++) {
        if (at + e < arguments.cols) {
          arguments.y.v[token * arguments.cols + at + e] = w[k][e];
        }
      }
    }
  }
}
