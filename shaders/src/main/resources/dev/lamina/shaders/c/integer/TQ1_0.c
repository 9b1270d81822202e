// (q - 1) d. Value n of a byte b is the integer part of 3 (b 3^n mod 256) / 256. A unit is 16 values: of 16 bytes, the last
// one of four bytes.
DEVICE void integers(GLOBAL const uchar *b, GLOBAL const uchar *head, int unit, LOCAL const uint *grid, uint *w, float *d, float *m) {
  int last = unit == 15;
  int n = unit < 10 ? unit >> 1 : unit - 10;
  uint power = n == 0 ? 1 : n == 1 ? 3 : n == 2 ? 9 : n == 3 ? 27 : 81;
  GLOBAL const uchar *q = b + (unit < 10 ? (unit & 1) * 16 : last ? 48 : 32);
  uint next = 1;
  UNROLL for (int i = 0; i < 4; i++) {
    uint four = wordAt(q + (last ? 0 : 4 * i));
    uint by = last ? next : power;
    // Two bytes at a time have room for their products.
    uint even = (four & 0x00ff00ffu) * by & 0x00ff00ffu;
    uint odd = (four >> 8 & 0x00ff00ffu) * by & 0x00ff00ffu;
    uint trits = (even * 3 >> 8 & 0x00030003u) | (odd * 3 & 0x03000300u);
    w[i] = (trits + 0x7f7f7f7fu) ^ 0x80808080u;
    next *= 3;
  }
  d[0] = halfAt(head);
}
