// f16 d, u2 high scale[8], u4 low scale[8], u4 q[256]: d (scale - 32) level[q].
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  int run = part >> 1;
  int scale = (b[4 + (run >> 1)] >> (run & 1) * 4 & 15) | (int) (u16At(b + 2) >> 2 * run & 3) << 4;
  int16 q = bytes16by4(b + 8 + run * 16) >> (part & 1) * 4 & 15;
  return FLOATS16(levels16(table, q)) * (halfAt(b) * (scale - 32));
}
