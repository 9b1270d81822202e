// The upper halves of float32 values; a block is 16 of them.
DEVICE float DECODE_ONE(GLOBAL const uchar *b, int i) { return FROM_BITS((int) (u16At(b + 2 * i) << 16)); }
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) { return bfloats16(b); }
