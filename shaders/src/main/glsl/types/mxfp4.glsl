// MXFP4: 16 bytes of quants | exponent byte. The E2M1 number q times 2^(exponent - 127).
#include "types/halves.glsl"

// Twice the E2M1 number: 0 1 2 3 4 6 8 12, negative from 8 on.
float e2m1(uint q) {
  uint e = q >> 1 & 3u;
  uint m = q & 1u;
  uint magnitude = e == 0u ? m : (2u + m) << (e - 1u);
  return (q & 8u) != 0u ? -float(magnitude) : float(magnitude);
}

vec4 e2m1(uint word, uint shift) {
  return vec4(
      e2m1(word >> shift & 15u),
      e2m1(word >> shift + 8u & 15u),
      e2m1(word >> shift + 16u & 15u),
      e2m1(word >> shift + 24u & 15u));
}

void decode(uint block, uint unit, out vec4 w[4]) {
  uint e = scaleByte(block);
  // Half of 2^(e - 127); the smallest two are subnormal.
  float d = uintBitsToFloat(e < 2u ? 0x00200000u << e : e - 1u << 23);
  uvec2 q = mainWords2(block * 4u + unit * 2u);
  w[0] = e2m1(q.x, 0u) * d;
  w[1] = e2m1(q.y, 0u) * d;
  w[2] = e2m1(q.x, 4u) * d;
  w[3] = e2m1(q.y, 4u) * d;
}
