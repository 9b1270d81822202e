// d (scale - 32) (q - 4), as 32 (q - 4). A unit is 16 bytes with two bits of each of four runs.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  int at = unit & 1;
  int half_block = unit >> 1;
  UNROLL for (int i = 0; i < 4; i++) {
    uint low = wordAt(b + 32 + half_block * 32 + at * 16 + 4 * i);
    uint high = wordAt(b + at * 16 + 4 * i) >> half_block * 4;
    w[i] = ((low << 5 & 0x60606060u) | (high << 7 & 0x80808080u)) ^ 0x80808080u;
    w[4 + i] = ((low << 3 & 0x60606060u) | (high << 6 & 0x80808080u)) ^ 0x80808080u;
    w[8 + i] = ((low << 1 & 0x60606060u) | (high << 5 & 0x80808080u)) ^ 0x80808080u;
    w[12 + i] = ((low >> 1 & 0x60606060u) | (high << 4 & 0x80808080u)) ^ 0x80808080u;
  }
  float scale = halfAt(head) * 0.03125f;
  uint top = wordAt(b + 104);
  UNROLL for (int k = 0; k < 4; k++) {
    uint lower = wordAt(b + 96 + k / 2 * 4) >> (k % 2 * 16 + at * 8 + half_block * 4) & 15;
    uint upper = top >> (k % 2 * 16 + at * 8 + half_block * 4 + k / 2 * 2) & 3;
    d[k] = scale * (float) ((int) (lower | upper << 4) - 32);
  }
}
