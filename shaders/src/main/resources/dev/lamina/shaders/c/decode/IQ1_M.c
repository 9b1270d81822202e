// u8 low index[32], {u3 high index, u1 sign of delta} [32], {u3 scale[4], u4 of d} [4]: as IQ1_S.
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  uint spread = u16At(b + 48) >> 12 | u16At(b + 50) >> 12 << 4 | u16At(b + 52) >> 12 << 8 | u16At(b + 54) >> 12 << 12;
  uint scale = u16At(b + 48 + (part >> 2) * 2) >> (part & 3) * 3 & 7;
  float d = halfOf(spread) * (2 * (int) scale + 1);
  int high = b[32 + part];
  int first = b[part * 2] | (high & 7) << 8;
  int second = b[part * 2 + 1] | (high >> 4 & 7) << 8;
  // Bit 3 is the sign of the delta of the first eight values, bit 7 of the others.
  int negative = (high >> 3 & 1) * 0xff | (high >> 7) * 0xff00;
  int16 s = INTS16(negative) >> IOTA16 & 1;
  return (FLOATS16(signedPairs16(table, first, second)) + (IQ1_DELTA - FLOATS16(s) * (2 * IQ1_DELTA))) * d;
}
