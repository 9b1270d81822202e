// To the nearest, ties to even; a NaN stays one.
DEVICE void encode(GLOBAL uchar *to, GLOBAL const float *x) {
  uint bits = (uint) BITS_OF(*x);
  *(GLOBAL ushort *) to =
      (ushort) ((*x != *x ? bits | 0x400000u : bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}
