// q d + m.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  words4(w, b);
  UNROLL for (int i = 0; i < 4; i++) {
    w[4 + i] = w[i] >> 4 & 0x0f0f0f0fu;
    w[i] &= 0x0f0f0f0fu;
  }
  d[0] = halfAt(head);
  m[0] = halfAt(head + 2);
}
