// f16 d, i8 q[32]: q d.
DEVICE float DECODE_ONE(GLOBAL const uchar *b, int i) {
  return ((GLOBAL const signed char *) b)[2 + i] * halfAt(b);
}
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  return FLOATS16(signedBytes16by2(b + 2 + part * 16)) * halfAt(b);
}
