// d (scale + 1/2) / 4. A unit is a run of 32.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  uint run[2];
  words2(run, b + unit * 8);
  UNROLL for (int l = 0; l < 4; l++) {
    uint bits = run[l / 2] >> l % 2 * 16 & 0xffff;
    signedPair(w + 2 * l, grid, bits & 511, signs8(bits >> 9));
  }
  uint scale = b[64 + unit];
  float all = halfAt(head) * 0.25f;
  d[0] = all * (0.5f + (float) (scale & 15));
  d[1] = all * (0.5f + (float) (scale >> 4));
}
