// Root-mean-square norm of groups of values, a workgroup for each.
#version 460
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
#define SIZE gl_WorkGroupSize.x

layout(push_constant) uniform Arguments {
  Floats x;
  Floats gamma;
  Floats y;
  Words count;
  uint width;
  // Groups in a row.
  uint groups;
  float eps;
} arguments;

shared float sums[SIZE];

void main() {
  uint me = gl_LocalInvocationID.x;
  uint total = arguments.count.v[0] * arguments.groups;
  for (uint group = gl_WorkGroupID.x; group < total; group += gl_NumWorkGroups.x) {
    uint from = group * arguments.width;
    float sum = 0.0;
    for (uint i = me; i < arguments.width; i += SIZE) {
      float x = arguments.x.v[from + i];
      sum = fma(x, x, sum);
    }
    sums[me] = sum;
    for (uint half_ = SIZE / 2u; half_ > 0u; half_ >>= 1) {
      barrier();
      if (me < half_) {
        sums[me] += sums[me + half_];
      }
    }
    barrier();
    float scale = 1.0 / sqrt(sums[0] / float(arguments.width) + arguments.eps);
    barrier();
    for (uint i = me; i < arguments.width; i += SIZE) {
      arguments.y.v[from + i] = arguments.x.v[from + i] * scale * arguments.gamma.v[i];
    }
  }
}
