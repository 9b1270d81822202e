// Q4_0: 16 bytes of quants | float16 scale. (q - 8) d.
#include "types/halves.glsl"
#define SCALES 1
#define CENTRE 8

void quants(uint block, uint unit, out uint q[4], out float a[SCALES]) {
  a[0] = scaleHalf(block);
  uvec2 w = mainWords2(block * 4u + unit * 2u);
  q[0] = w.x & 0x0f0f0f0fu;
  q[1] = w.y & 0x0f0f0f0fu;
  q[2] = w.x >> 4 & 0x0f0f0f0fu;
  q[3] = w.y >> 4 & 0x0f0f0f0fu;
}
