// F16, rows padded with zeros to whole blocks.
#define BLOCK 32
#define PADDED
#include "types/straight.glsl"

void decode(uint block, uint unit, out vec4 w[4]) {
  uint at = block * 16u + unit * 8u;
  uvec4 a = mainWords4(at);
  uvec4 b = mainWords4(at + 4u);
  w[0] = vec4(unpackHalf2x16(a.x), unpackHalf2x16(a.y));
  w[1] = vec4(unpackHalf2x16(a.z), unpackHalf2x16(a.w));
  w[2] = vec4(unpackHalf2x16(b.x), unpackHalf2x16(b.y));
  w[3] = vec4(unpackHalf2x16(b.z), unpackHalf2x16(b.w));
}
