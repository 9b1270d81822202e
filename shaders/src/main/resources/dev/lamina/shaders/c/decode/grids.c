// Look-ups of the I-quants and of MXFP4. The table is a buffer: see Tables.

// Level number q (4 bits) out of 16 levels, a signed byte each in the first four words.
DEVICE int16 levels16(GLOBAL const uint *table, int16 q) {
  int16 low = select16(INTS16((int) table[0]), INTS16((int) table[1]), q << 29);
  int16 high = select16(INTS16((int) table[2]), INTS16((int) table[3]), q << 29);
  return select16(low, high, q << 28) << (24 - (q & 3) * 8) >> 24;
}

// Two grid entries of 8 bytes.
DEVICE int16 pairs16(GLOBAL const uint *table, int i, int j) {
  return wordBytes16(table[2 * i], table[2 * i + 1], table[2 * j], table[2 * j + 1]);
}
DEVICE int16 signedPairs16(GLOBAL const uint *table, int i, int j) {
  return signedWordBytes16(table[2 * i], table[2 * i + 1], table[2 * j], table[2 * j + 1]);
}

// Negates value i where bit i is set.
DEVICE int16 signed16(int16 values, uint bits) {
  int16 s = INTS16((int) bits) >> IOTA16 & 1;
  return (values ^ -s) + s;
}

// Two 7-bit sign numbers: above each stands the bit that makes the count of ones even.
DEVICE uint signs14(uint bits) {
  uint a = bits & 127;
  uint b = bits >> 7 & 127;
  return a | (uint) (POPCOUNT(a) & 1) << 7 | b << 8 | (uint) (POPCOUNT(b) & 1) << 15;
}
