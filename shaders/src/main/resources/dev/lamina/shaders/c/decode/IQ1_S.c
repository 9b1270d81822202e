// f16 d, u8 low index[32], {u3 high index[4], u3 scale, u1 sign of delta} [8]: d (2 scale + 1) (grid + delta).
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  uint bits = u16At(b + 34 + (part >> 1) * 2);
  float d = halfAt(b) * (2 * (int) (bits >> 12 & 7) + 1);
  uint high = bits >> (part & 1) * 6;
  int first = b[2 + part * 2] | (high & 7) << 8;
  int second = b[3 + part * 2] | (high >> 3 & 7) << 8;
  float delta = bits & 0x8000 ? -IQ1_DELTA : IQ1_DELTA;
  return (FLOATS16(signedPairs16(table, first, second)) + delta) * d;
}
