// f16 d, u32 fifth bits, u4 q[32]: (q - 16) d.
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  int16 low = bytes16by2(b + 6) >> part * 4 & 15;
  int16 high = INTS16((int) (u32At(b + 2) >> part * 16)) >> IOTA16 & 1;
  return FLOATS16((low | high << 4) - 16) * halfAt(b);
}
