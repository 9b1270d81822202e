// d scale q - dmin min. A unit is 16 bytes of low bits: 16 values each of two runs of 32.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  int pair = unit >> 1;
  uint high[4];
  words4(high, b + 16 + (unit & 1) * 16);
  words4(w, b + 48 + unit * 16);
  UNROLL for (int i = 0; i < 4; i++) {
    uint two = high[i] >> 2 * pair;
    w[4 + i] = (w[i] >> 4 & 0x0f0f0f0fu) | (two << 3 & 0x10101010u);
    w[i] = (w[i] & 0x0f0f0f0fu) | (two << 4 & 0x10101010u);
  }
  kPairs(b, pair, d, m);
}
