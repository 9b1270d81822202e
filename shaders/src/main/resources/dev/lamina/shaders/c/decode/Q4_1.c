// f16 d, f16 m, u4 q[32]: q d + m.
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  int16 q = bytes16by4(b + 4) >> part * 4 & 15;
  return FLOATS16(q) * halfAt(b) + halfAt(b + 2);
}
