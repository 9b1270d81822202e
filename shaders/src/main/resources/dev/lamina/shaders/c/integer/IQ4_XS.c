// d (scale - 32) level[q]. A unit is a run of 32.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  words2(w, b + 8 + unit * 16);
  words2(w + 2, b + 16 + unit * 16);
  levels(grid, w);
  uint first[2];
  words2(first, b);
  uint scale = (first[1] >> 4 * unit & 15) | (first[0] >> (16 + 2 * unit) & 3) << 4;
  d[0] = halfOf(first[0] & 0xffff) * (float) ((int) scale - 32);
}
