// u8 exponent, u4 q[32]: level[q] times a power of two. Levels are twice the E2M1 numbers, the scale half of 2^(e-127).
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  int e = b[0];
  float d = FROM_BITS(e < 2 ? 0x00200000 << e : (e - 1) << 23);
  return FLOATS16(levels16(table, bytes16by1(b + 1) >> part * 4 & 15)) * d;
}
