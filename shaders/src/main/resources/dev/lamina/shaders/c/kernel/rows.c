// Rows of a weight by pieces of 16 values. WEIGHT_VALUES and WEIGHT_BYTES are those of a block; where RAGGED is
// defined, a row need not be a whole number of pieces (types whose blocks are single values).

#define PIECES (WEIGHT_VALUES / 16)

DEVICE ulong rowBytes(int cols) {
#ifdef RAGGED
  return (ulong) cols * (WEIGHT_BYTES / 16);
#else
  return (ulong) (cols / WEIGHT_VALUES) * WEIGHT_BYTES;
#endif
}

DEVICE float16 piece(GLOBAL const uchar *row, int c, int cols, GLOBAL const uint *table) {
#ifdef RAGGED
  if (c * 16 + 16 > cols) {
    float t[16];
    UNROLL for (int i = 0; i < 16; i++) {
      t[i] = c * 16 + i < cols ? DECODE_ONE(row + (ulong) c * WEIGHT_BYTES, i) : 0.0f;
    }
    return pack16(t);
  }
#endif
  return DECODE(row + (ulong) (c / PIECES) * WEIGHT_BYTES, c % PIECES, table);
}

DEVICE float16 inputPiece(GLOBAL const float *x, int c, int cols) {
#ifdef RAGGED
  if (c * 16 + 16 > cols) {
    float t[16];
    UNROLL for (int i = 0; i < 16; i++) {
      t[i] = c * 16 + i < cols ? x[c * 16 + i] : 0.0f;
    }
    return pack16(t);
  }
#endif
  return load16(x + c * 16);
}
