// BF16, the upper half of a float32; rows padded with zeros to whole blocks.
#define BLOCK 32
#define PADDED
#include "types/straight.glsl"

vec4 wide(uint a, uint b) {
  return uintBitsToFloat(uvec4(a << 16, a & 0xffff0000u, b << 16, b & 0xffff0000u));
}

void decode(uint block, uint unit, out vec4 w[4]) {
  uint at = block * 16u + unit * 8u;
  uvec4 a = mainWords4(at);
  uvec4 b = mainWords4(at + 4u);
  w[0] = wide(a.x, a.y);
  w[1] = wide(a.z, a.w);
  w[2] = wide(b.x, b.y);
  w[3] = wide(b.z, b.w);
}
