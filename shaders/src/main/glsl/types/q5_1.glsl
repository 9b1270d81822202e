// Q5_1: 32 fifth bits, 16 bytes of quants | float16 scale, float16 minimum. q d + m.
#include "types/halves.glsl"
#define SCALES 1
#define OFFSETS

void quants(uint block, uint unit, out uint q[4], out float a[SCALES], out float b[SCALES]) {
  vec2 dm = scaleHalves(block);
  a[0] = dm.x;
  b[0] = dm.y;
  uint at = block * 5u;
  uint high = mainWord(at);
  uint w0 = mainWord(at + 1u + unit * 2u);
  uint w1 = mainWord(at + 2u + unit * 2u);
  uint n = unit * 8u;
  q[0] = w0 & 0x0f0f0f0fu | fifthBits(high, n);
  q[1] = w1 & 0x0f0f0f0fu | fifthBits(high, n + 4u);
  q[2] = w0 >> 4 & 0x0f0f0f0fu | fifthBits(high, n + 16u);
  q[3] = w1 >> 4 & 0x0f0f0f0fu | fifthBits(high, n + 20u);
}
