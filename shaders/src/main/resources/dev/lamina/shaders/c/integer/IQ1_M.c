// As IQ1_S, with a scale for 16 values and a sign of delta for 8.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  uint low = wordAt(b + unit * 4);
  uint high = u16At(b + 32 + unit * 2);
  UNROLL for (int l = 0; l < 4; l++) {
    deltaPair(w + 2 * l, grid[(low >> 8 * l & 255) | (high >> 4 * l & 7) << 8], high >> (4 * l + 3) & 1);
  }
  uint scales[2];
  words2(scales, b + 48);
  uint spread = (scales[0] >> 12 & 0xf) | (scales[0] >> 24 & 0xf0) | (scales[1] >> 4 & 0xf00) | (scales[1] >> 16 & 0xf000);
  float all = halfOf(spread) * 0.125f;
  uint mine = (unit < 4 ? scales[0] : scales[1]) >> ((unit >> 1 & 1) * 16 + (unit & 1) * 6);
  d[0] = all * (float) (2 * (mine & 7) + 1);
  d[1] = all * (float) (2 * (mine >> 3 & 7) + 1);
}
