// f16 d, u8 low index[32], u8 signs[32], u2 high index[32], u4 scale[16]: d (scale + 1/2) / 4.
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  int high = b[66 + (part >> 1)] >> (part & 1) * 4;
  float d = halfAt(b) * (0.5f + (b[74 + (part >> 1)] >> (part & 1) * 4 & 15)) * 0.25f;
  int first = b[2 + part * 2] | (high & 3) << 8;
  int second = b[3 + part * 2] | (high >> 2 & 3) << 8;
  return FLOATS16(signed16(pairs16(table, first, second), u16At(b + 34 + part * 2))) * d;
}
