// f16 d, f16 dmin, u6 scale and min [8] packed, u4 q[256]: d scale q - dmin min. 32 bytes hold two runs of 32.
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  int group = part >> 1;
  float d = halfAt(b) * kScale(b + 4, group);
  float m = halfAt(b + 2) * kMin(b + 4, group);
  int16 q = bytes16by4(b + 16 + (part >> 2) * 32 + (part & 1) * 16) >> (group & 1) * 4 & 15;
  return FLOATS16(q) * d - m;
}
