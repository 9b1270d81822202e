// Q5_K: float16 d and dmin, 12 bytes of scales and minimums, 32 bytes of fifth bits, 128 bytes of
// quants. d scale q - dmin min.
#include "types/nibbles.glsl"

void decode(uint block, uint unit, out vec4 w[4]) {
  uint at = block * 44u;
  vec2 d = unpackHalf2x16(mainWord(at));
  uint group = unit >> 2 << 1;
  vec2 low = d * scaleAndMinimum(at + 1u, group);
  vec2 high = d * scaleAndMinimum(at + 1u, group + 1u);
  uvec2 q = mainWords2(at + 12u + unit * 2u);
  uvec2 fifth = mainWords2(at + 4u + (unit & 3u) * 2u) >> group;
  uvec2 a = q & 0x0f0f0f0fu | (fifth & 0x01010101u) << 4;
  uvec2 b = q >> 4 & 0x0f0f0f0fu | (fifth >> 1 & 0x01010101u) << 4;
  w[0] = bytes(a.x) * low.x - low.y;
  w[1] = bytes(a.y) * low.x - low.y;
  w[2] = bytes(b.x) * high.x - high.y;
  w[3] = bytes(b.y) * high.x - high.y;
}
