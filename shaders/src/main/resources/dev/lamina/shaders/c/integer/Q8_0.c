// q d. A unit is half a block, so that neighbours read side by side.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  words4(w, b + unit * 16);
  d[0] = halfAt(head);
}
