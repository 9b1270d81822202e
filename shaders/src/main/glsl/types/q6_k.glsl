// Q6_K: 128 bytes of low bits, 64 of high ones, 16 signed scales | float16 d. d scale (q - 32).
// A half of 128 values has runs of 32: two in the low halves of 64 bytes, two in the high ones.
#define BLOCK 256

uint quadPosition(uint unit, uint k) {
  return (unit >> 3) * 128u + (unit >> 2 & 1u) * 32u + (unit & 3u) * 8u + (k & 1u) * 4u
      + (k >> 1) * 64u;
}

void decode(uint block, uint unit, out vec4 w[4]) {
  uint at = block * 52u;
  float d = scaleHalf(block);
  uint run = unit >> 2 & 1u;
  uint group = (unit >> 3) * 8u + run * 2u + (unit >> 1 & 1u);
  float low = d * float(int(mainByte(at + 48u, group) << 24) >> 24);
  float high = d * float(int(mainByte(at + 48u, group + 4u) << 24) >> 24);
  uvec2 q = mainWords2(at + unit * 2u);
  uvec2 h = mainWords2(at + 32u + (unit >> 3) * 8u + (unit & 3u) * 2u) >> run * 2u;
  uvec2 a = q & 0x0f0f0f0fu | (h & 0x03030303u) << 4;
  uvec2 b = q >> 4 & 0x0f0f0f0fu | (h >> 4 & 0x03030303u) << 4;
  w[0] = (bytes(a.x) - 32.0) * low;
  w[1] = (bytes(a.y) - 32.0) * low;
  w[2] = (bytes(b.x) - 32.0) * high;
  w[3] = (bytes(b.y) - 32.0) * high;
}
