// float16 values; a block is 16 of them.
DEVICE float DECODE_ONE(GLOBAL const uchar *b, int i) { return halfAt(b + 2 * i); }
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) { return halves16(b); }
