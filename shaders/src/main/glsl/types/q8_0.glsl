// Q8_0: 32 signed bytes | float16 scale. q d.
#define BLOCK 32
#include "types/straight.glsl"

void decode(uint block, uint unit, out vec4 w[4]) {
  float d = scaleHalf(block);
  uvec4 q = mainWords4(block * 8u + unit * 4u);
  w[0] = signedBytes(q.x) * d;
  w[1] = signedBytes(q.y) * d;
  w[2] = signedBytes(q.z) * d;
  w[3] = signedBytes(q.w) * d;
}
