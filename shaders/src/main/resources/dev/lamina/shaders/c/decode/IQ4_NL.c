// f16 d, u4 q[32]: d level[q].
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  return FLOATS16(levels16(table, bytes16by2(b + 2) >> part * 4 & 15)) * halfAt(b);
}
