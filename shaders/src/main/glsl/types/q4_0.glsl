// Q4_0: 16 bytes of quants | float16 scale. (q - 8) d.
#include "types/halves.glsl"

void decode(uint block, uint unit, out vec4 w[4]) {
  float d = scaleHalf(block);
  uvec2 q = mainWords2(block * 4u + unit * 2u);
  w[0] = (lowNibbles(q.x) - 8.0) * d;
  w[1] = (lowNibbles(q.y) - 8.0) * d;
  w[2] = (highNibbles(q.x) - 8.0) * d;
  w[3] = (highNibbles(q.y) - 8.0) * d;
}
