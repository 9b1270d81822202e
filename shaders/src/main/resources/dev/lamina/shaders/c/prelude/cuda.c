// The dialect in CUDA C++, after vectors.

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
