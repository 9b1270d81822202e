// u1 high[256], u2 low[256], u6 scale[16] packed, f16 d: d (scale - 32) (q - 4).
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  int scale = (b[96 + (part & 7)] >> (part >> 3) * 4 & 15) | (b[104 + (part & 3)] >> (part >> 2) * 2 & 3) << 4;
  int run = part >> 1;
  int at = (part & 1) * 16;
  int16 low = bytes16by2(b + 32 + (part >> 3) * 32 + at) >> (run & 3) * 2 & 3;
  int16 high = bytes16by2(b + at) >> run & 1;
  return FLOATS16((low | high << 2) - 4) * (halfAt(b + 108) * (scale - 32));
}
