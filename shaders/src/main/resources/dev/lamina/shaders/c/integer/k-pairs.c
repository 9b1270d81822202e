// The 6-bit scales and minima of Q4_K and Q5_K: d and m of the runs 2 pair and 2 pair + 1. b: a block, of which the first
// 16 bytes are read.
DEVICE void kPairs(GLOBAL const uchar *b, int pair, float *d, float *m) {
  uint head[4];
  words4(head, b);
  int shift = (pair & 1) * 16;
  uint first = head[1] >> shift;
  uint second = head[2] >> shift;
  uint third = head[3] >> shift;
  uint scales = pair < 2 ? first & 0x3f3f : (third & 0x0f0f) | (first >> 2 & 0x3030);
  uint mins = pair < 2 ? second & 0x3f3f : (third >> 4 & 0x0f0f) | (second >> 2 & 0x3030);
  float scale = halfOf(head[0] & 0xffff);
  float min = -halfOf(head[0] >> 16);
  d[0] = scale * (float) (scales & 255);
  d[1] = scale * (float) (scales >> 8 & 255);
  m[0] = min * (float) (mins & 255);
  m[1] = min * (float) (mins >> 8 & 255);
}
