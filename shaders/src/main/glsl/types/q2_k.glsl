// Q2_K: 16 bytes of 4-bit scales and minimums, 64 bytes of quants, float16 d and dmin.
// d scale q - dmin min. A word of quants holds 4 values of each of four runs of 32.
#include "types/runs.glsl"
#define SCALES 4
#define OFFSETS

void quants(uint block, uint unit, out uint q[4], out float a[SCALES], out float b[SCALES]) {
  uint at = block * 21u;
  vec2 d = unpackHalf2x16(mainWord(at + 20u));
  uint w = mainWord(at + 4u + unit);
  uint group = (unit >> 3) * 8u + (unit >> 2 & 1u);
  [[unroll]] for (uint k = 0; k < 4; k++) {
    uint scale = mainByte(at, group + 2u * k);
    q[k] = w >> 2u * k & 0x03030303u;
    a[k] = d.x * float(scale & 15u);
    b[k] = -d.y * float(scale >> 4);
  }
}
