// The dialect in HIP C++, after vectors.

// --- Scalars in memory, at addresses that are a multiple of 2.
#ifdef STANDIN_WAVE
DEVICE float halfOf(uint bits) { return __half2float_bits((ushort) bits); }
DEVICE uint bitsOfHalf(float x) { return __float2half_bits(x); }
#else
DEVICE float halfOf(uint bits) {
  union {
    ushort bits;
    _Float16 half;
  } both;
  both.bits = (ushort) bits;
  return (float) both.half;
}
DEVICE uint bitsOfHalf(float x) {
  union {
    ushort bits;
    _Float16 half;
  } both;
  both.half = (_Float16) x;
  return both.bits;
}
#endif

#define SHUFFLE_XOR(x, lanes) __shfl_xor(x, lanes)
