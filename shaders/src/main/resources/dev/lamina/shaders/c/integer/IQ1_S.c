// d (2 scale + 1) (grid + delta), as 8 grid + 8 delta. A unit is a run of 32.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  uint low = wordAt(b + unit * 4);
  uint bits = u16At(b + 32 + unit * 2);
  UNROLL for (int l = 0; l < 4; l++) {
    deltaPair(w + 2 * l, grid[(low >> 8 * l & 255) | (bits >> 3 * l & 7) << 8], bits >> 15);
  }
  d[0] = halfAt(head) * (0.125f * (float) (2 * (bits >> 12 & 7) + 1));
}
