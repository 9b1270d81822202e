// The number of the greatest value of each row, a workgroup for each.
#version 460
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
#define SIZE gl_WorkGroupSize.x

layout(push_constant) uniform Arguments {
  Floats x;
  Words y;
  Words count;
  uint width;
} arguments;

#include "greatest.glsl"

void main() {
  uint rows = arguments.count.v[0];
  for (uint row = gl_WorkGroupID.x; row < rows; row += gl_NumWorkGroups.x) {
    uint order = 0;
    uint number = 0;
    for (uint i = gl_LocalInvocationID.x; i < arguments.width; i += SIZE) {
      uint other = orderOf(arguments.x.v[row * arguments.width + i]);
      if (other > order) {
        order = other;
        number = i;
      }
    }
    uint best = greatest(order, number);
    if (gl_LocalInvocationID.x == 0u) {
      arguments.y.v[row] = best;
    }
  }
}
