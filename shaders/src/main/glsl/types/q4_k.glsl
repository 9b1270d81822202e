// Q4_K: float16 d and dmin, 12 bytes of scales and minimums, 128 bytes of quants.
// d scale q - dmin min.
#include "types/nibbles.glsl"
#define SCALES 2
#define OFFSETS

void quants(uint block, uint unit, out uint q[4], out float a[SCALES], out float b[SCALES]) {
  uint at = block * 36u;
  vec2 d = unpackHalf2x16(mainWord(at));
  uint group = unit >> 2 << 1;
  vec2 low = d * scaleAndMinimum(at + 1u, group);
  vec2 high = d * scaleAndMinimum(at + 1u, group + 1u);
  a[0] = low.x;
  a[1] = high.x;
  b[0] = -low.y;
  b[1] = -high.y;
  uvec2 w = mainWords2(at + 4u + unit * 2u);
  q[0] = w.x & 0x0f0f0f0fu;
  q[1] = w.y & 0x0f0f0f0fu;
  q[2] = w.x >> 4 & 0x0f0f0f0fu;
  q[3] = w.y >> 4 & 0x0f0f0f0fu;
}
