// The dialect in CUDA C++, after vectors.

// blocks: so many should fit on a multiprocessor at once, which is what a thread's registers are cut for.
#define KERNEL_BLOCKS(x, y, blocks) extern "C" __global__ void __launch_bounds__((x) * (y), blocks)

// --- Scalars in memory, at addresses that are a multiple of 2.
#ifdef STANDIN_WAVE
DEVICE float halfOf(uint bits) { return __half2float_bits((ushort) bits); }
DEVICE uint bitsOfHalf(float x) { return __float2half_bits(x); }
#else
DEVICE float halfOf(uint bits) {
  float x;
  asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"((ushort) bits));
  return x;
}
DEVICE uint bitsOfHalf(float x) {
  ushort bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return bits;
}
#endif

#define SHUFFLE_XOR(x, lanes) __shfl_xor_sync(0xffffffffu, x, lanes)

// --- 8-bit integers.
#define DOT4(a, b, sum) __dp4a((int) (a), (int) (b), sum)
#define ROUND_INT(x) __float2int_rn(x)

// Levels of the nibbles of four words, by a table of 16 signed bytes: of the lower ones to w, of the upper ones to w + 4.
DEVICE void levels(const uint *table, uint *w) {
  uint t[4] = {table[0], table[1], table[2], table[3]};
  UNROLL for (int i = 0; i < 4; i++) {
    uint q = w[i];
    uint index = q & 0x77777777u;
    // The upper half of the table where bit 3 is set.
    uint which = (q & 0x88888888u) >> 1 | 0x32103210u;
    uint first = __byte_perm(__byte_perm(t[0], t[1], index), __byte_perm(t[2], t[3], index), which);
    index >>= 16;
    uint second = __byte_perm(__byte_perm(t[0], t[1], index), __byte_perm(t[2], t[3], index), which >> 16);
    w[i] = __byte_perm(first, second, 0x6420);
    w[4 + i] = __byte_perm(first, second, 0x7531);
  }
}

// Two float16 in a word, by two others.
#ifdef STANDIN_WAVE
#define SUBTRACT_HALVES(a, b) standinHalves<'-'>(a, b)
#define MULTIPLY_HALVES(a, b) standinHalves<'*'>(a, b)
#else
DEVICE uint SUBTRACT_HALVES(uint a, uint b) {
  uint r;
  asm("sub.rn.f16x2 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b));
  return r;
}
DEVICE uint MULTIPLY_HALVES(uint a, uint b) {
  uint r;
  asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b));
  return r;
}
#endif

// Two float16 in a word: of two floats; and of two words, the lower halves, or the upper ones.
#define PAIR_HALVES(a, b, upper) __byte_perm(a, b, (upper) ? 0x7632 : 0x5410)

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
DEVICE uint PACK_HALVES(float low, float high) {
  uint both;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
  return both;
}
#else
#define PACK_HALVES(low, high) (bitsOfHalf(low) | bitsOfHalf(high) << 16)
#endif
