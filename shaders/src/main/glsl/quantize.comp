// Rounds vectors to signed bytes with a scale for each 32 values, as ggml's Q8_0 does: the scale is
// the greatest magnitude by 127, kept in 11 bits. A NaN or an infinity makes its scale one.
#version 460
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

layout(push_constant) uniform Arguments {
  Quads x;
  Words bytes_;
  Floats scales;
  Words count;
  // Values of a row, a multiple of 32.
  uint width;
} arguments;

// Less is taken for 0, whose inverse is no number.
const float LEAST = 1e-30;

shared uint greatest[gl_WorkGroupSize.x / 8];

void main() {
  uint me = gl_LocalInvocationID.x;
  uint quads = arguments.count.v[0] * (arguments.width / 4u);
  uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
  for (uint first = gl_WorkGroupID.x * gl_WorkGroupSize.x; first < quads; first += stride) {
    uint i = first + me;
    if ((me & 7u) == 0u) {
      greatest[me >> 3] = 0u;
    }
    vec4 x = i < quads ? arguments.x.v[i] : vec4(0.0);
    barrier();
    // As integers: a NaN is the greatest of all.
    uvec4 magnitude = floatBitsToUint(x) & 0x7fffffffu;
    uvec2 two = max(magnitude.xy, magnitude.zw);
    atomicMax(greatest[me >> 3], max(two.x, two.y));
    barrier();
    uint most = greatest[me >> 3];
    barrier();
    bool none = most < floatBitsToUint(LEAST);
    if (i < quads) {
      ivec4 q = none ? ivec4(0) : ivec4(roundEven(x * (127.0 / uintBitsToFloat(most))));
      arguments.bytes_.v[i] = q.x & 255 | (q.y & 255) << 8 | (q.z & 255) << 16 | q.w << 24;
      if ((me & 7u) == 0u) {
        uint scale = floatBitsToUint(uintBitsToFloat(most) / 127.0);
        scale = scale + 0xfffu + (scale >> 13 & 1u) & ~0x1fffu;
        bool finite = most < 0x7f800000u;
        arguments.scales.v[i >> 3] = none ? 0.0 : uintBitsToFloat(finite ? scale : most);
      }
    }
  }
}
