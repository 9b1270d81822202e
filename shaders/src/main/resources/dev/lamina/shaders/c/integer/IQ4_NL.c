// d level[q].
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  words4(w, b);
  levels(grid, w);
  d[0] = halfAt(head);
}
