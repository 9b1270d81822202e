// Sums the experts' results with the router's weights.
#version 460
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

layout(push_constant) uniform Arguments {
  Floats routing;
  Floats x;
  Floats y;
  Words count;
  uint width;
  uint used;
} arguments;

void main() {
  uint total = arguments.count.v[0] * arguments.width;
  uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
  for (uint i = gl_GlobalInvocationID.x; i < total; i += stride) {
    uint token = i / arguments.width;
    uint column = i % arguments.width;
    float sum = 0.0;
    for (uint s = 0; s < arguments.used; s++) {
      float weight = arguments.routing.v[(token * 2u + 1u) * arguments.used + s];
      float x = arguments.x.v[(token * arguments.used + s) * arguments.width + column];
      sum = fma(weight, x, sum);
    }
    arguments.y.v[i] = sum;
  }
}
