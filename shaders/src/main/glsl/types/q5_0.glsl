// Q5_0: 32 fifth bits, 16 bytes of quants | float16 scale. (q - 16) d.
#include "types/halves.glsl"

void decode(uint block, uint unit, out vec4 w[4]) {
  float d = scaleHalf(block);
  uint at = block * 5u;
  uint high = mainWord(at);
  uint q0 = mainWord(at + 1u + unit * 2u);
  uint q1 = mainWord(at + 2u + unit * 2u);
  uint n = unit * 8u;
  w[0] = (bytes(q0 & 0x0f0f0f0fu | fifthBits(high, n)) - 16.0) * d;
  w[1] = (bytes(q1 & 0x0f0f0f0fu | fifthBits(high, n + 4u)) - 16.0) * d;
  w[2] = (bytes(q0 >> 4 & 0x0f0f0f0fu | fifthBits(high, n + 16u)) - 16.0) * d;
  w[3] = (bytes(q1 >> 4 & 0x0f0f0f0fu | fifthBits(high, n + 20u)) - 16.0) * d;
}
