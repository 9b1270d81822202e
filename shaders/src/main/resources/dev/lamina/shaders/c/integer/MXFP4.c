// Levels are twice the E2M1 numbers, the scale half of 2^(e-127).
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  words4(w, b);
  levels(grid, w);
  int e = head[0];
  d[0] = FROM_BITS(e < 2 ? 0x00200000 << e : (e - 1) << 23);
}
