// TQ2_0: 64 bytes of 2-bit quants | float16 d. (q - 1) d.
#include "types/runs.glsl"

void decode(uint block, uint unit, out vec4 w[4]) {
  uint q = mainWord(block * 16u + unit);
  float d = scaleHalf(block);
  [[unroll]] for (uint k = 0; k < 4; k++) {
    w[k] = (bytes(q >> 2u * k & 0x03030303u) - 1.0) * d;
  }
}
