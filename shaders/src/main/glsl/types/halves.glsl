// Blocks of 32 with value j in the low and j + 16 in the high half of byte j.
#define BLOCK 32
#define TOGETHER 2

uint quadPosition(uint unit, uint k) {
  return unit * 8u + (k & 1u) * 4u + (k >> 1) * 16u;
}
