// What types with grids have in common. grid: their table, in shared memory.

// Negates byte i of four where bit i of signs is set; none of them is 0, so that no byte carries into the next.
DEVICE uint signed4(uint bytes, uint signs) {
  uint ones = (signs & 15) * 0x00204081u & 0x01010101u;
  return (bytes ^ ones * 255) + ones;
}

// A 7-bit sign number with the bit above it that makes the count of ones even.
DEVICE uint signs8(uint bits) {
  bits &= 127;
  return bits | (uint) (POPCOUNT(bits) & 1) << 7;
}

// Eight values: a grid entry of two words, with signs.
DEVICE void signedPair(uint *w, LOCAL const uint *grid, uint entry, uint signs) {
  uint pair[2];
  sharedWords2(pair, grid + 2 * entry);
  w[0] = signed4(pair[0], signs);
  w[1] = signed4(pair[1], signs >> 4);
}

// Eight values of a grid of -1, 0 and 1, whose words have them plus 1 in nibbles, the first four in the lower ones: eight
// times the value, plus 1, or minus 1 where negative.
DEVICE void deltaPair(uint *w, uint entry, bool negative) {
  uint base = negative ? 0x77777777u : 0x79797979u;
  w[0] = ((entry << 3 & 0x78787878u) + base) ^ 0x80808080u;
  w[1] = ((entry >> 1 & 0x78787878u) + base) ^ 0x80808080u;
}
