// d (2 scale + 1). A unit is a run of 32.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  uint signs = wordAt(b + 72 + unit * 4);
  uint high = b[64 + unit];
  UNROLL for (int l = 0; l < 8; l++) {
    uint low = wordAt(b + unit * 8 + l / 4 * 4) >> l % 4 * 8 & 255;
    w[l] = signed4(grid[low | (high >> l & 1) << 8], signs >> 4 * l);
  }
  uint scale = b[104 + (unit >> 1)] >> (unit & 1) * 4 & 15;
  d[0] = halfAt(head) * (float) (1 + 2 * scale);
}
