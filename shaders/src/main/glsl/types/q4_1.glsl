// Q4_1: 16 bytes of quants | float16 scale, float16 minimum. q d + m.
#include "types/halves.glsl"
#define SCALES 1
#define OFFSETS

void quants(uint block, uint unit, out uint q[4], out float a[SCALES], out float b[SCALES]) {
  vec2 dm = scaleHalves(block);
  a[0] = dm.x;
  b[0] = dm.y;
  uvec2 w = mainWords2(block * 4u + unit * 2u);
  q[0] = w.x & 0x0f0f0f0fu;
  q[1] = w.y & 0x0f0f0f0fu;
  q[2] = w.x >> 4 & 0x0f0f0f0fu;
  q[3] = w.y >> 4 & 0x0f0f0f0fu;
}
