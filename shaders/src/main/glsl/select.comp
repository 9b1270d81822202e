// Keeps the rows that want output.
#version 460
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

layout(push_constant) uniform Arguments {
  Floats x;
  Floats y;
  Words count;
  Words chosen;
  uint width;
} arguments;

void main() {
  uint total = arguments.count.v[0] * arguments.width;
  uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
  for (uint i = gl_GlobalInvocationID.x; i < total; i += stride) {
    uint from = arguments.chosen.v[i / arguments.width];
    arguments.y.v[i] = arguments.x.v[from * arguments.width + i % arguments.width];
  }
}
