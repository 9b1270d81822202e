// f16 d, {u8 index[4], u7 signs[4], u4 scale} [8]: d (scale + 1/2) / 4.
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  GLOBAL const uchar *run = b + 2 + (part >> 1) * 8;
  int l = (part & 1) * 2;
  uint bits = u32At(run + 4);
  float d = halfAt(b) * (0.5f + (bits >> 28)) * 0.25f;
  return FLOATS16(signed16(pairs16(table, run[l], run[l + 1]), signs14(bits >> 7 * l))) * d;
}
