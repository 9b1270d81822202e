// q d + m.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  uint high = wordAt(b);
  UNROLL for (int i = 0; i < 4; i++) {
    uint low = wordAt(b + 4 + 4 * i);
    w[i] = (low & 0x0f0f0f0fu) | ((high >> 4 * i & 15) * 0x02040810u & 0x10101010u);
    w[4 + i] = (low >> 4 & 0x0f0f0f0fu) | ((high >> (16 + 4 * i) & 15) * 0x02040810u & 0x10101010u);
  }
  d[0] = halfAt(head);
  m[0] = halfAt(head + 2);
}
