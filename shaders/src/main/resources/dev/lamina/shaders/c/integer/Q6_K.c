// d scale (q - 32), as 4 (q - 32). A unit is 16 bytes of low bits: 16 values each of two runs that are 64 values apart.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  int half_block = unit >> 2;
  int run = unit >> 1 & 1;
  int at = unit & 1;
  uint high[4];
  words4(high, b + 128 + half_block * 32 + at * 16);
  words4(w, b + unit * 16);
  UNROLL for (int i = 0; i < 4; i++) {
    uint two = high[i] >> 2 * run;
    w[4 + i] = ((w[i] >> 2 & 0x3c3c3c3cu) | (two << 2 & 0xc0c0c0c0u)) ^ 0x80808080u;
    w[i] = ((w[i] << 2 & 0x3c3c3c3cu) | (two << 6 & 0xc0c0c0c0u)) ^ 0x80808080u;
  }
  float scale = halfAt(head) * 0.25f;
  GLOBAL const signed char *scales = (GLOBAL const signed char *) b + 192 + half_block * 8 + run * 2 + at;
  d[0] = scale * (float) scales[0];
  d[1] = scale * (float) scales[4];
}
