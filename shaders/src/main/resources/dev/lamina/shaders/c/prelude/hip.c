// The dialect in HIP C++, after vectors.

// blocks is for CUDA: here the compiler finds the registers by itself.
#define KERNEL_BLOCKS(x, y, blocks) KERNEL(x, y)

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

// --- 8-bit integers.
#define ROUND_INT(x) ((int) rintf(x))
#ifdef STANDIN_WAVE
#define DOT4(a, b, sum) __dp4a((int) (a), (int) (b), sum)
#define BYTES_OF(high, low, index) standinBytes(high, low, index)
#else
#define BYTES_OF(high, low, index) __builtin_amdgcn_perm(high, low, index)
#if defined(__GFX11__) || defined(__GFX12__)
#define DOT4(a, b, sum) __builtin_amdgcn_sudot4(true, (int) (a), true, (int) (b), sum, false)
#elif defined(__gfx906__) || defined(__gfx908__) || defined(__gfx90a__) || defined(__gfx940__) || \
    defined(__gfx941__) || defined(__gfx942__) || defined(__gfx950__) || defined(__gfx1011__) ||  \
    defined(__gfx1012__) || defined(__gfx1030__) || defined(__gfx1031__) || defined(__gfx1032__) || \
    defined(__gfx1033__) || defined(__gfx1034__) || defined(__gfx1035__) || defined(__gfx1036__)
#define DOT4(a, b, sum) __builtin_amdgcn_sdot4((int) (a), (int) (b), sum, false)
#else
#define DOT4(a, b, sum) dot4(a, b, sum)
DEVICE int dot4(uint a, uint b, int sum) {
  UNROLL for (int i = 0; i < 4; i++) {
    sum += ((int) (a << (24 - 8 * i)) >> 24) * ((int) (b << (24 - 8 * i)) >> 24);
  }
  return sum;
}
#endif
#endif

// Levels of the nibbles of four words, by a table of 16 signed bytes: of the lower ones to w, of the upper ones to w + 4.
DEVICE void levels(const uint *table, uint *w) {
  uint t[4] = {table[0], table[1], table[2], table[3]};
  UNROLL for (int i = 0; i < 4; i++) {
    uint q[2] = {w[i] & 0x0f0f0f0fu, w[i] >> 4 & 0x0f0f0f0fu};
    UNROLL for (int n = 0; n < 2; n++) {
      uint index = q[n] & 0x07070707u;
      // The upper half of the table where bit 3 is set.
      uint which = (q[n] & 0x08080808u) >> 1 | 0x03020100u;
      w[4 * n + i] = BYTES_OF(BYTES_OF(t[3], t[2], index), BYTES_OF(t[1], t[0], index), which);
    }
  }
}
