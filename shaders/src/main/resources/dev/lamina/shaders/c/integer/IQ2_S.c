// d (scale + 1/2) / 4. A unit is a run of 32.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  uint low = wordAt(b + unit * 4);
  uint signs = wordAt(b + 32 + unit * 4);
  uint high = b[64 + unit];
  UNROLL for (int l = 0; l < 4; l++) {
    signedPair(w + 2 * l, grid, (low >> 8 * l & 255) | (high >> 2 * l & 3) << 8, signs >> 8 * l);
  }
  uint scale = b[72 + unit];
  float all = halfAt(head) * 0.25f;
  d[0] = all * (0.5f + (float) (scale & 15));
  d[1] = all * (0.5f + (float) (scale >> 4));
}
