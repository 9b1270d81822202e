// Blocks of 256 in which 32 bytes hold 64 values, the first 32 in their low halves, with 6-bit
// scales and minimums (ggml's get_scale_min_k4).
#define BLOCK 256
#define TOGETHER 4

uint quadPosition(uint unit, uint k) {
  return (unit >> 2) * 64u + (unit & 3u) * 8u + (k & 1u) * 4u + (k >> 1) * 32u;
}

// Scale and minimum of a group of 32; the 12 bytes begin at word `at`.
vec2 scaleAndMinimum(uint at, uint group) {
  uint shift = (group & 3u) * 8u;
  uint a = mainWord(at) >> shift;
  uint b = mainWord(at + 1u) >> shift;
  if (group < 4u) {
    return vec2(a & 63u, b & 63u);
  }
  uint c = mainWord(at + 2u) >> shift;
  return vec2(c & 15u | a >> 2 & 48u, c >> 4 & 15u | b >> 2 & 48u);
}
