// (q - 16) d, as 8 (q - 16).
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  uint high = wordAt(b);
  UNROLL for (int i = 0; i < 4; i++) {
    uint low = wordAt(b + 4 + 4 * i);
    w[i] = ((low << 3 & 0x78787878u) | ((high >> 4 * i & 15) * 0x10204080u & 0x80808080u)) ^ 0x80808080u;
    w[4 + i] = ((low >> 1 & 0x78787878u) | ((high >> (16 + 4 * i) & 15) * 0x10204080u & 0x80808080u)) ^ 0x80808080u;
  }
  d[0] = halfAt(head) * 0.125f;
}
