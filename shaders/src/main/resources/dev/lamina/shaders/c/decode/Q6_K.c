// u4 low[256], u2 high[256], i8 scale[16], f16 d: d scale (q - 32).
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  int run = part >> 1 & 3;
  int at = (part & 1) * 16;
  int16 low = bytes16by2(b + (part >> 3) * 64 + (run & 1) * 32 + at) >> (run >> 1) * 4 & 15;
  int16 high = bytes16by2(b + 128 + (part >> 3) * 32 + at) >> run * 2 & 3;
  return FLOATS16((low | high << 4) - 32) * (halfAt(b + 208) * ((GLOBAL const signed char *) b)[192 + part]);
}
