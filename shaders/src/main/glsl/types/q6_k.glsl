// Q6_K: 128 bytes of low bits, 64 of high ones, 16 signed scales | float16 d. d scale (q - 32).
// A half of 128 values has runs of 32: two in the low halves of 64 bytes, two in the high ones.
#define BLOCK 256
#define SCALES 2
#define TOGETHER 2
#define CENTRE 32

uint quadPosition(uint unit, uint k) {
  return (unit >> 3) * 128u + (unit >> 2 & 1u) * 32u + (unit & 3u) * 8u + (k & 1u) * 4u
      + (k >> 1) * 64u;
}

void quants(uint block, uint unit, out uint q[4], out float a[SCALES]) {
  uint at = block * 52u;
  float d = scaleHalf(block);
  uint run = unit >> 2 & 1u;
  uint group = (unit >> 3) * 8u + run * 2u + (unit >> 1 & 1u);
  a[0] = d * float(int(mainByte(at + 48u, group) << 24) >> 24);
  a[1] = d * float(int(mainByte(at + 48u, group + 4u) << 24) >> 24);
  uvec2 w = mainWords2(at + unit * 2u);
  uvec2 top = mainWords2(at + 32u + (unit >> 3) * 8u + (unit & 3u) * 2u) >> run * 2u;
  uvec2 l = w & 0x0f0f0f0fu | (top & 0x03030303u) << 4;
  uvec2 h = w >> 4 & 0x0f0f0f0fu | (top >> 4 & 0x03030303u) << 4;
  q[0] = l.x;
  q[1] = l.y;
  q[2] = h.x;
  q[3] = h.y;
}
