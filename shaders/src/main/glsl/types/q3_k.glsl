// Q3_K: 32 bytes of high bits, 64 of low ones, 12 of 6-bit scales | float16 d.
// d (scale - 32) (q - 4).
#include "types/runs.glsl"
#define SCALES 4
#define CENTRE 4

void quants(uint block, uint unit, out uint q[4], out float a[SCALES]) {
  uint at = block * 27u;
  float d = scaleHalf(block);
  uint low = mainWord(at + 8u + unit);
  uint high = mainWord(at + (unit & 7u)) >> (unit >> 3) * 4u;
  uint group = (unit >> 3) * 8u + (unit >> 2 & 1u);
  [[unroll]] for (uint k = 0; k < 4; k++) {
    uint g = group + 2u * k;
    uint scale = mainByte(at + 24u, g & 7u) >> (g >> 3) * 4u & 15u;
    scale |= (mainByte(at + 26u, g & 3u) >> (g >> 2) * 2u & 3u) << 4;
    q[k] = low >> 2u * k & 0x03030303u | (high >> k & 0x01010101u) << 2;
    a[k] = d * (float(scale) - 32.0);
  }
}
