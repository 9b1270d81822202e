// Q8_0: 32 signed bytes | float16 scale. q d.
#define BLOCK 32
#include "types/straight.glsl"
#define SCALES 1
#define TOGETHER 2

void quants(uint block, uint unit, out uint q[4], out float a[SCALES]) {
  a[0] = scaleHalf(block);
  uvec4 w = mainWords4(block * 8u + unit * 4u);
  q[0] = w.x;
  q[1] = w.y;
  q[2] = w.z;
  q[3] = w.w;
}
