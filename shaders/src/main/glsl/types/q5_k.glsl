// Q5_K: float16 d and dmin, 12 bytes of scales and minimums, 32 bytes of fifth bits, 128 bytes of
// quants. d scale q - dmin min.
#include "types/nibbles.glsl"
#define SCALES 2
#define OFFSETS

void quants(uint block, uint unit, out uint q[4], out float a[SCALES], out float b[SCALES]) {
  uint at = block * 44u;
  vec2 d = unpackHalf2x16(mainWord(at));
  uint group = unit >> 2 << 1;
  vec2 low = d * scaleAndMinimum(at + 1u, group);
  vec2 high = d * scaleAndMinimum(at + 1u, group + 1u);
  a[0] = low.x;
  a[1] = high.x;
  b[0] = -low.y;
  b[1] = -high.y;
  uvec2 w = mainWords2(at + 12u + unit * 2u);
  uvec2 fifth = mainWords2(at + 4u + (unit & 3u) * 2u) >> group;
  uvec2 l = w & 0x0f0f0f0fu | (fifth & 0x01010101u) << 4;
  uvec2 h = w >> 4 & 0x0f0f0f0fu | (fifth >> 1 & 0x01010101u) << 4;
  q[0] = l.x;
  q[1] = l.y;
  q[2] = h.x;
  q[3] = h.y;
}
