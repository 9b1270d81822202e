// d (scale + 1/2) / 4. A unit is a run of 32.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  uint run[2];
  words2(run, b + unit * 8);
  UNROLL for (int l = 0; l < 4; l++) {
    signedPair(w + 2 * l, grid, run[0] >> 8 * l & 255, signs8(run[1] >> 7 * l));
  }
  d[0] = halfAt(head) * (0.5f + (float) (run[1] >> 28)) * 0.25f;
}
