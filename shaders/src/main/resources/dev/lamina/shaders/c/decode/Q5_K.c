// f16 d, f16 dmin, u6 scale and min [8] packed, u1 high[256], u4 low[256]: d scale q - dmin min.
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  int group = part >> 1;
  int at = (part & 1) * 16;
  float d = halfAt(b) * kScale(b + 4, group);
  float m = halfAt(b + 2) * kMin(b + 4, group);
  int16 low = bytes16by4(b + 48 + (part >> 2) * 32 + at) >> (group & 1) * 4 & 15;
  int16 high = bytes16by4(b + 16 + at) >> group & 1;
  return FLOATS16(low | high << 4) * d - m;
}
