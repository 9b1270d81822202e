// Ops that treat every value by itself.
#version 460
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
layout(constant_id = 1) const uint OP = 0;

const uint ADD = 0;
const uint SCALE = 1;
const uint SOFT_CAP = 2;
const uint SILU = 3;
const uint GELU_TANH = 4;
const uint SIGMOID_GATE = 5;

layout(push_constant) uniform Arguments {
  Floats a;
  Floats b;
  Floats y;
  Words count;
  uint width;
  float factor;
} arguments;

float value(uint i) {
  float a = arguments.a.v[i];
  switch (OP) {
    case ADD:
      return a + arguments.b.v[i];
    case SCALE:
      return a * arguments.factor;
    case SOFT_CAP:
      return arguments.factor * tanhOf(a / arguments.factor);
    case SILU:
      return a * sigmoid(a) * arguments.b.v[i];
    case GELU_TANH:
      // (1 + tanh u) / 2 is the sigmoid of 2 u, without the cancellation.
      return a * sigmoid(1.5957691216057308 * (a + 0.044715 * a * a * a)) * arguments.b.v[i];
    default:
      return a * sigmoid(arguments.b.v[i / arguments.width]);
  }
}

void main() {
  uint total = arguments.count.v[0] * arguments.width;
  uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
  for (uint i = gl_GlobalInvocationID.x; i < total; i += stride) {
    arguments.y.v[i] = value(i);
  }
}
