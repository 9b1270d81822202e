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

// --- Matrix units with TF32 (compute capability 8.0): c[16][8] += a[16][8] b[8][8] by the lanes of a warp together, each
// with the values that mma.m16n8k8 gives it.
#ifdef STANDIN_WAVE
#define TO_TF32(x) standinTf32(x)
#define MULTIPLY_TF32(c, a, b0, b1) standinMultiplyTf32(c, a, b0, b1, __LINE__)
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
DEVICE float TO_TF32(float x) {
  uint bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return __uint_as_float(bits);
}
DEVICE void MULTIPLY_TF32(float *c, const float *a, float b0, float b1) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])), "r"(__float_as_uint(a[3])),
        "r"(__float_as_uint(b0)), "r"(__float_as_uint(b1)));
}
#endif

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

// Matrix units with 8-bit integers: c[16][8] += a[16][k] b[k][8], by the lanes of a warp together.
#ifdef STANDIN_WAVE
#define MULTIPLY_S8_16(c, a, b) standinMultiplyS8<16>(c, a, b, __LINE__)
#define MULTIPLY_S8_32(c, a, b) standinMultiplyS8<32>(c, a, b, __LINE__)
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
DEVICE void MULTIPLY_S8_16(int *c, const uint *a, const uint *b) {
  asm("mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
      : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(b[0]));
}
DEVICE void MULTIPLY_S8_32(int *c, const uint *a, const uint *b) {
  asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

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

// Matrix units with float16: c[16][8] += a[16][16] b[16][8], likewise; sums are float32.
#ifdef STANDIN_WAVE
#define PACK_HALVES(low, high) (bitsOfHalf(low) | bitsOfHalf(high) << 16)
#define MULTIPLY_F16(c, a, b) standinMultiplyF16(c, a, b, __LINE__)
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
DEVICE uint PACK_HALVES(float low, float high) {
  uint both;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
  return both;
}
DEVICE void MULTIPLY_F16(float *c, const uint *a, const uint *b) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

// --- Copies of 16 bytes to shared memory that run while the thread goes on.
#ifdef STANDIN_WAVE
#define COPY_ASYNC16(to, from) standinCopyAsync(to, from)
#define COPY_WAIT() standinCopyWait()
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
DEVICE void COPY_ASYNC16(void *to, const void *from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"((uint) __cvta_generic_to_shared(to)), "l"(from) : "memory");
}
DEVICE void COPY_WAIT() { asm volatile("cp.async.wait_all;" ::: "memory"); }
#else
#define COPY_ASYNC16(to, from) (*(uint4 *) (to) = *(const uint4 *) (from))
#define COPY_WAIT()
#endif
