// TQ1_0: 52 bytes of ternary digits | float16 d. Five values in a byte of the first 48 (a run of
// 32 bytes, then one of 16), four in each of the last 4. (q - 1) d.
#define BLOCK 256
#include "types/straight.glsl"
#define SCALES 1
#define TOGETHER 2
#define CENTRE 1

// Four digits, one in each byte.
uint digits(uint word, uint power) {
  // Two bytes at a time: a byte times 81 has 15 bits.
  uint even = (word & 0x00ff00ffu) * power & 0x00ff00ffu;
  uint odd = (word >> 8 & 0x00ff00ffu) * power & 0x00ff00ffu;
  return even * 3u >> 8 & 0x00030003u | odd * 3u & 0x03000300u;
}

uint power3(uint n) {
  return n == 0u ? 1u : n == 1u ? 3u : n == 2u ? 9u : n == 3u ? 27u : 81u;
}

void quants(uint block, uint unit, out uint q[4], out float a[SCALES]) {
  uint at = block * 13u;
  a[0] = scaleHalf(block);
  uint from = unit < 10u ? (unit & 1u) * 4u : unit < 15u ? 8u : 12u;
  uint digit = unit < 10u ? unit >> 1 : unit < 15u ? unit - 10u : 0u;
  [[unroll]] for (uint k = 0; k < 4; k++) {
    uint word = mainWord(at + from + (unit < 15u ? k : 0u));
    q[k] = digits(word, power3(unit < 15u ? digit : k));
  }
}
