// f16 d, f16 m, u32 fifth bits, u4 q[32]: q d + m.
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  int16 low = bytes16by4(b + 8) >> part * 4 & 15;
  int16 high = INTS16((int) (u32At(b + 4) >> part * 16)) >> IOTA16 & 1;
  return FLOATS16(low | high << 4) * halfAt(b) + halfAt(b + 2);
}
