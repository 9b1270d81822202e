// u2 q[256], f16 d: (q - 1) d. 32 bytes hold 128 values, two bits for each run of 32.
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  int16 q = bytes16by2(b + (part >> 3) * 32 + (part & 1) * 16) >> (part >> 1 & 3) * 2 & 3;
  return FLOATS16(q - 1) * halfAt(b + 64);
}
