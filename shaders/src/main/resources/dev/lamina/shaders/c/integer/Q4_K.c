// d scale q - dmin min. A unit is 16 bytes: 16 values each of two runs of 32.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  words4(w, b + 16 + unit * 16);
  UNROLL for (int i = 0; i < 4; i++) {
    w[4 + i] = w[i] >> 4 & 0x0f0f0f0fu;
    w[i] &= 0x0f0f0f0fu;
  }
  kPairs(b, unit >> 1, d, m);
}
