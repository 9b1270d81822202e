// Q4_K: float16 d and dmin, 12 bytes of scales and minimums, 128 bytes of quants.
// d scale q - dmin min.
#include "types/nibbles.glsl"

void decode(uint block, uint unit, out vec4 w[4]) {
  uint at = block * 36u;
  vec2 d = unpackHalf2x16(mainWord(at));
  uint group = unit >> 2 << 1;
  vec2 low = d * scaleAndMinimum(at + 1u, group);
  vec2 high = d * scaleAndMinimum(at + 1u, group + 1u);
  uvec2 q = mainWords2(at + 4u + unit * 2u);
  w[0] = lowNibbles(q.x) * low.x - low.y;
  w[1] = lowNibbles(q.y) * low.x - low.y;
  w[2] = highNibbles(q.x) * high.x - high.y;
  w[3] = highNibbles(q.y) * high.x - high.y;
}
