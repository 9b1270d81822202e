// Brings vectors to float16, padded with zeros to whole blocks; a vector beyond its range is divided
// by a power of two, which is kept.
#version 460
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

layout(push_constant) uniform Arguments {
  Floats x;
  Words halves;
  Floats scales;
  Words count;
  // Vectors of a row; values of a vector, and of one in float16, an even number.
  uint vectors;
  uint cols;
  uint padded;
} arguments;

shared uint greatest;

float value(uint from, uint at) {
  return at < arguments.cols ? arguments.x.v[from + at] : 0.0;
}

void main() {
  uint me = gl_LocalInvocationID.x;
  uint count = arguments.count.v[0] * arguments.vectors;
  for (uint vector = gl_WorkGroupID.x; vector < count; vector += gl_NumWorkGroups.x) {
    if (me == 0u) {
      greatest = 0u;
    }
    barrier();
    uint from = vector * arguments.cols;
    uint most = 0u;
    for (uint i = me; i < arguments.cols; i += gl_WorkGroupSize.x) {
      most = max(most, floatBitsToUint(arguments.x.v[from + i]) & 0x7fffffffu);
    }
    atomicMax(greatest, most);
    barrier();
    most = greatest;
    barrier();
    // From 32768 on: brought to 16384 up to 32768. A NaN or an infinity stays what it is.
    uint by = most >= 0x47000000u && most < 0x7f800000u ? (most >> 23) - 14u << 23 : 0x3f800000u;
    float scale = uintBitsToFloat(by);
    float inverse = 1.0 / scale;
    for (uint i = me; i < arguments.padded / 2u; i += gl_WorkGroupSize.x) {
      float low = value(from, 2u * i) * inverse;
      float high = value(from, 2u * i + 1u) * inverse;
      arguments.halves.v[vector * (arguments.padded / 2u) + i] = toHalf2(low, high);
    }
    if (me == 0u) {
      arguments.scales.v[vector] = scale;
    }
  }
}
