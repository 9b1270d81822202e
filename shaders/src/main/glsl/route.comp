// Picks each token's experts, a workgroup for each token.
#version 460
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
#define SIZE gl_WorkGroupSize.x
layout(constant_id = 1) const uint EXPERTS = 8;

layout(push_constant) uniform Arguments {
  Floats logits;
  Floats y;
  Words count;
  uint used;
  uint normalise;
  float scale;
} arguments;

#include "greatest.glsl"

// 0 once an expert is taken.
shared uint ranks[EXPERTS];
shared float sums[SIZE];

void main() {
  uint me = gl_LocalInvocationID.x;
  uint tokens = arguments.count.v[0];
  for (uint token = gl_WorkGroupID.x; token < tokens; token += gl_NumWorkGroups.x) {
    uint from = token * EXPERTS;
    uint to = token * 2u * arguments.used;
    for (uint i = me; i < EXPERTS; i += SIZE) {
      ranks[i] = orderOf(arguments.logits.v[from + i]);
    }
    barrier();
    float top = 0.0;
    float chosen = 0.0;
    for (uint s = 0; s < arguments.used; s++) {
      uint order = 0;
      uint number = 0;
      for (uint i = me; i < EXPERTS; i += SIZE) {
        if (ranks[i] > order) {
          order = ranks[i];
          number = i;
        }
      }
      uint best = greatest(order, number);
      float logit = arguments.logits.v[from + best];
      if (s == 0u) {
        top = logit;
      }
      float weight = exp(logit - top);
      chosen += weight;
      if (me == 0u) {
        ranks[best] = 0u;
        arguments.y.v[to + s] = float(best);
        arguments.y.v[to + arguments.used + s] = weight;
      }
      barrier();
    }
    float sum = 0.0;
    for (uint i = me; i < EXPERTS; i += SIZE) {
      sum += exp(arguments.logits.v[from + i] - top);
    }
    sums[me] = sum;
    for (uint half_ = SIZE / 2u; half_ > 0u; half_ >>= 1) {
      barrier();
      if (me < half_) {
        sums[me] += sums[me + half_];
      }
    }
    barrier();
    if (me == 0u) {
      float factor = arguments.scale / (arguments.normalise != 0u ? chosen : sums[0]);
      for (uint s = 0; s < arguments.used; s++) {
        arguments.y.v[to + arguments.used + s] *= factor;
      }
    }
    barrier();
  }
}
