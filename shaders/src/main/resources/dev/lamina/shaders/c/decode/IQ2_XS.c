// f16 d, {u9 index, u7 signs} [32], u4 scale[16]: d (scale + 1/2) / 4.
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  uint bits = u32At(b + 2 + part * 4);
  float d = halfAt(b) * (0.5f + (b[66 + (part >> 1)] >> (part & 1) * 4 & 15)) * 0.25f;
  uint signs = (bits >> 9 & 127) | bits >> 25 << 7;
  return FLOATS16(signed16(pairs16(table, bits & 511, bits >> 16 & 511), signs14(signs))) * d;
}
