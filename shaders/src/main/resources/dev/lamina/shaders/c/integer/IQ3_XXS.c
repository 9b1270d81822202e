// d (scale + 1/2) / 2. A unit is a run of 32.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  uint run[2];
  words2(run, b + unit * 8);
  uint bits = wordAt(b + 64 + unit * 4);
  UNROLL for (int l = 0; l < 4; l++) {
    uint signs = signs8(bits >> 7 * l);
    uint two = run[l / 2] >> l % 2 * 16;
    w[2 * l] = signed4(grid[two & 255], signs);
    w[2 * l + 1] = signed4(grid[two >> 8 & 255], signs >> 4);
  }
  d[0] = halfAt(head) * (0.5f + (float) (bits >> 28)) * 0.5f;
}
