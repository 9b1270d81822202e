// (q - 8) d, as 16 (q - 8) in the upper halves of bytes.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  words4(w, b);
  UNROLL for (int i = 0; i < 4; i++) {
    w[4 + i] = (w[i] & 0xf0f0f0f0u) ^ 0x80808080u;
    w[i] = (w[i] << 4 & 0xf0f0f0f0u) ^ 0x80808080u;
  }
  d[0] = halfAt(head) * 0.0625f;
}
