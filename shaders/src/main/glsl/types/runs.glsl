// Blocks of 256 in which a word of 2-bit quants holds 4 values of each of four runs of 32.
#define BLOCK 256
#define TOGETHER 4

uint quadPosition(uint unit, uint k) {
  return (unit >> 3) * 128u + (unit & 7u) * 4u + k * 32u;
}
