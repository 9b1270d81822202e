// Reading of weights. Each type's file under types/ gives
//   BLOCK                    values in a block
//   quadPosition(unit, k)    where in the block quad k of unit `unit` begins; a unit is four quads,
//                            counted from 0 to BLOCK / 16 - 1
// and float types
//   decode(block, unit, w)   the values of a unit
// and all others
//   SCALES                   1, 2 or 4: how many scales a unit has, for as many quads each; the
//                            quads of one scale lie in the same 32 values of the row
//   TOGETHER                 how many units, counted from the block's first, have the same scales,
//                            each for quads of the same 32 values: 2 or 4
//   quants(block, unit, q, a)    a unit's quants, four bytes a quad, and the scales. Bytes are
//                            unsigned less CENTRE, where that is defined, and signed otherwise
//   quants(block, unit, q, a, b) instead where OFFSETS is defined: what is added to each product of
//                            an unsigned quant and its scale
// A block lies in two planes: its quants in whole words, and what is not a whole word (scales).
#define UNITS (BLOCK / 16)

uint mainWord(uint at) {
  return arguments.mainPlane.v[at];
}

uvec2 mainWords2(uint at) {
  return Words2(arguments.mainPlane).v[at >> 1];
}

uvec4 mainWords4(uint at) {
  return Words4(arguments.mainPlane).v[at >> 2];
}

// The float16 number `at` of the scale plane.
float scaleHalf(uint at) {
  return unpackHalf2x16(arguments.scalePlane.v[at >> 1] >> (at & 1u) * 16u).x;
}

// Two float16 numbers in a word of the scale plane.
vec2 scaleHalves(uint at) {
  return unpackHalf2x16(arguments.scalePlane.v[at]);
}

// Byte `at` of the scale plane.
uint scaleByte(uint at) {
  return arguments.scalePlane.v[at >> 2] >> (at & 3u) * 8u & 255u;
}

// Byte `at` of words that begin at word `from`.
uint mainByte(uint from, uint at) {
  return mainWord(from + (at >> 2)) >> (at & 3u) * 8u & 255u;
}

// Bits n to n + 3 of a word, one in bit 4 of each byte.
uint fifthBits(uint word, uint n) {
  uint b = word >> n;
  return (b & 1u) << 4 | (b & 2u) << 11 | (b & 4u) << 18 | (b & 8u) << 25;
}

#include TYPE_FILE

#ifdef SCALES
// The same as signed bytes, and as unsigned ones up to 127 where there are offsets.
void signedQuants(
    uint block, uint unit, out uint q[4], out float a[SCALES], out float b[SCALES]) {
#ifdef OFFSETS
  quants(block, unit, q, a, b);
#else
  quants(block, unit, q, a);
  [[unroll]] for (uint s = 0; s < SCALES; s++) {
    b[s] = 0.0;
  }
#endif
#ifdef CENTRE
  [[unroll]] for (uint k = 0; k < 4; k++) {
    q[k] = lessEach(q[k], CENTRE * 0x01010101u);
  }
#endif
}

void decode(uint block, uint unit, out vec4 w[4]) {
  uint q[4];
  float a[SCALES];
#ifdef OFFSETS
  float b[SCALES];
  quants(block, unit, q, a, b);
#else
  quants(block, unit, q, a);
#endif
  [[unroll]] for (uint k = 0; k < 4; k++) {
    uint s = k * SCALES / 4;
#if defined(OFFSETS)
    w[k] = bytes(q[k]) * a[s] + b[s];
#elif defined(CENTRE)
    w[k] = (bytes(q[k]) - float(CENTRE)) * a[s];
#else
    w[k] = signedBytes(q[k]) * a[s];
#endif
  }
}
#endif
