// Q4_1: 16 bytes of quants | float16 scale, float16 minimum. q d + m.
#include "types/halves.glsl"

void decode(uint block, uint unit, out vec4 w[4]) {
  vec2 dm = scaleHalves(block);
  uvec2 q = mainWords2(block * 4u + unit * 2u);
  w[0] = lowNibbles(q.x) * dm.x + dm.y;
  w[1] = lowNibbles(q.y) * dm.x + dm.y;
  w[2] = highNibbles(q.x) * dm.x + dm.y;
  w[3] = highNibbles(q.y) * dm.x + dm.y;
}
