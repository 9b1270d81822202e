// f16 d, u8 index[64], {u7 signs[4], u4 scale} [8]: d (scale + 1/2) / 2.
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  GLOBAL const uchar *q = b + 2 + part * 4;
  uint bits = u32At(b + 66 + (part >> 1) * 4);
  float d = halfAt(b) * (0.5f + (bits >> 28)) * 0.5f;
  int16 values = wordBytes16(table[q[0]], table[q[1]], table[q[2]], table[q[3]]);
  return FLOATS16(signed16(values, signs14(bits >> (part & 1) * 14))) * d;
}
