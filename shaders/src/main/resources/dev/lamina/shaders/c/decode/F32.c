// Plain values; a block is 16 of them.
DEVICE float DECODE_ONE(GLOBAL const uchar *b, int i) { return ((GLOBAL const float *) b)[i]; }
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  return load16((GLOBAL const float *) b);
}
