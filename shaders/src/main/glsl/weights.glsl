// Reading of weights. Each type's file under types/ gives
//   BLOCK                values in a block
//   decode(block, unit, w)   16 of them as four quads, unit counting from 0 to BLOCK / 16 - 1
//   quadPosition(unit, k)    where in the block quad k of the unit begins
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

vec4 lowNibbles(uint word) {
  return bytes(word & 0x0f0f0f0fu);
}

vec4 highNibbles(uint word) {
  return bytes(word >> 4 & 0x0f0f0f0fu);
}

// Bits n to n + 3 of a word, one in bit 4 of each byte.
uint fifthBits(uint word, uint n) {
  uint b = word >> n;
  return (b & 1u) << 4 | (b & 2u) << 11 | (b & 4u) << 18 | (b & 8u) << 25;
}

#include TYPE_FILE
