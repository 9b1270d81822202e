// f16 d, u4 q[32]: (q - 8) d.
DEVICE float DECODE_ONE(GLOBAL const uchar *b, int i) {
  return ((b[2 + (i & 15)] >> (i >> 4) * 4 & 15) - 8) * halfAt(b);
}
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  int16 q = bytes16by2(b + 2) >> part * 4 & 15;
  return FLOATS16(q - 8) * halfAt(b);
}
