// F32, rows padded with zeros to whole blocks.
#define BLOCK 32
#define PADDED
#include "types/straight.glsl"

void decode(uint block, uint unit, out vec4 w[4]) {
  uint at = block * 32u + unit * 16u;
  [[unroll]] for (uint k = 0; k < 4; k++) {
    w[k] = uintBitsToFloat(mainWords4(at + 4u * k));
  }
}
