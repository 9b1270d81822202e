// (q - 1) d. A unit is 16 bytes with two bits of each of four runs.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  uint four[4];
  words4(four, b + unit * 16);
  UNROLL for (int i = 0; i < 4; i++) {
    UNROLL for (int k = 0; k < 4; k++) {
      w[4 * k + i] = ((four[i] >> 2 * k & 0x03030303u) + 0x7f7f7f7fu) ^ 0x80808080u;
    }
  }
  UNROLL for (int k = 0; k < 4; k++) {
    d[k] = halfAt(head);
  }
}
