// MXFP4: 16 bytes of quants | exponent byte. The E2M1 number q times 2^(exponent - 127).
#include "types/halves.glsl"
#define SCALES 1

// Twice the E2M1 number in the lower half of each byte: 0 1 2 3 4 6 8 12, negative from 8 on.
uint e2m1Each(uint word) {
  uint each = 0;
  [[unroll]] for (uint i = 0; i < 32; i += 8) {
    uint e = word >> i + 1u & 3u;
    uint m = word >> i & 1u;
    uint magnitude = e == 0u ? m : 2u + m << e - 1u;
    each |= ((word >> i & 8u) != 0u ? 256u - magnitude & 255u : magnitude) << i;
  }
  return each;
}

void quants(uint block, uint unit, out uint q[4], out float a[SCALES]) {
  uint e = scaleByte(block);
  // Half of 2^(e - 127); the smallest two are subnormal.
  a[0] = uintBitsToFloat(e < 2u ? 0x00200000u << e : e - 1u << 23);
  uvec2 w = mainWords2(block * 4u + unit * 2u);
  q[0] = e2m1Each(w.x);
  q[1] = e2m1Each(w.y);
  q[2] = e2m1Each(w.x >> 4);
  q[3] = e2m1Each(w.y >> 4);
}
