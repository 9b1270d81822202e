// Looks rows up, 16 values an item. The weight holds the rows from firstRow on, rows of them; tokens of other rows
// are left alone. Group x: columns; group y: tokens.
KERNEL(64, 1) embed(GLOBAL const uchar *weight, GLOBAL const uint *table, GLOBAL const int *step, GLOBAL float *out,
    int idsAt, int cols, int rows, int firstRow) {
  int token = GROUP_ID(1);
  int row = step[idsAt + token] - firstRow;
  int c = GROUP_ID(0) * 64 + LOCAL_ID(0);
  if (row < 0 || row >= rows || c * 16 >= cols) {
    return;
  }
  float16 v = piece(weight + row * rowBytes(cols), c, cols, table);
  GLOBAL float *to = out + (ulong) token * cols + c * 16;
#ifdef RAGGED
  if (c * 16 + 16 > cols) {
    float t[16];
    unpack16(t, v);
    UNROLL for (int i = 0; i < 16; i++) {
      if (c * 16 + i < cols) {
        to[i] = t[i];
      }
    }
    return;
  }
#endif
  store16(to, v);
}
