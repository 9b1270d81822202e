// TQ2_0: 64 bytes of 2-bit quants | float16 d. (q - 1) d.
#include "types/runs.glsl"
#define SCALES 4
#define CENTRE 1

void quants(uint block, uint unit, out uint q[4], out float a[SCALES]) {
  uint w = mainWord(block * 16u + unit);
  float d = scaleHalf(block);
  [[unroll]] for (uint k = 0; k < 4; k++) {
    q[k] = w >> 2u * k & 0x03030303u;
    a[k] = d;
  }
}
