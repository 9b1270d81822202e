// d scale q - dmin min. A unit is 16 bytes with two bits of each of four runs.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  int at = unit & 1;
  GLOBAL const uchar *q = b + 16 + unit * 16;
  UNROLL for (int i = 0; i < 4; i++) {
    uint four = wordAt(q + 4 * i);
    UNROLL for (int k = 0; k < 4; k++) {
      w[4 * k + i] = four >> 2 * k & 0x03030303u;
    }
  }
  uint both = wordAt(b + 80);
  float scale = halfOf(both & 0xffff);
  float min = halfOf(both >> 16);
  UNROLL for (int k = 0; k < 4; k++) {
    uint s = wordAt(b + (unit >> 1) * 8 + k / 2 * 4) >> (k % 2 * 16 + at * 8);
    d[k] = scale * (float) (s & 15);
    m[k] = -min * (float) (s >> 4 & 15);
  }
}
