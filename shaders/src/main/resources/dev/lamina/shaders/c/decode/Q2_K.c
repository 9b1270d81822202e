// u4 scale, u4 min [16], u2 q[256], f16 d, f16 dmin: d scale q - dmin min. Four runs of 32 share 32 bytes.
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  int scale = b[part];
  float d = halfAt(b + 80) * (scale & 15);
  float m = halfAt(b + 82) * (scale >> 4);
  int16 q = bytes16by4(b + 16 + (part >> 3) * 32 + (part & 1) * 16) >> (part >> 1 & 3) * 2 & 3;
  return FLOATS16(q) * d - m;
}
