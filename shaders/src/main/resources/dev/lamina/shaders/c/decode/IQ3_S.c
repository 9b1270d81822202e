// f16 d, u8 low index[64], u1 high index[64], u8 signs[32], u4 scale[8]: d (2 scale + 1).
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  GLOBAL const uchar *q = b + 2 + part * 4;
  int high = b[66 + (part >> 1)] >> (part & 1) * 4;
  float d = halfAt(b) * (1 + 2 * (b[106 + (part >> 2)] >> (part >> 1 & 1) * 4 & 15));
  int16 values = wordBytes16(table[q[0] | (high & 1) << 8], table[q[1] | (high >> 1 & 1) << 8],
      table[q[2] | (high >> 2 & 1) << 8], table[q[3] | (high >> 3 & 1) << 8]);
  return FLOATS16(signed16(values, u16At(b + 74 + part * 2))) * d;
}
