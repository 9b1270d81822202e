// The words of CUDA and HIP device code, for the host.
#pragma once

#include <math.h>

#include "engine.h"

#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __shared__ static __attribute__((aligned(16)))

#define threadIdx (standin::self->thread)
#define blockIdx (standin::blockIndex)
#define blockDim (standin::blockSize)
#define gridDim (standin::gridSize)
#define warpSize STANDIN_WAVE

#define __syncthreads() standin::barrier(__LINE__)
#define STANDIN_FULL (~0ull >> (64 - STANDIN_WAVE))

#define STANDIN_VECTORS(T, N)              \
  struct __align__(2 * sizeof(T)) N##2 {   \
    T x, y;                                \
  };                                       \
  struct N##3 {                            \
    T x, y, z;                             \
  };                                       \
  struct __align__(4 * sizeof(T)) N##4 {   \
    T x, y, z, w;                          \
  };                                       \
  static inline N##2 make_##N##2(T x, T y) { return {x, y}; } \
  static inline N##4 make_##N##4(T x, T y, T z, T w) { return {x, y, z, w}; }

STANDIN_VECTORS(float, float)
STANDIN_VECTORS(int, int)
STANDIN_VECTORS(unsigned, uint)
STANDIN_VECTORS(signed char, char)
STANDIN_VECTORS(unsigned char, uchar)
STANDIN_VECTORS(short, short)
STANDIN_VECTORS(unsigned short, ushort)

namespace standin {

template <class T>
static inline T shuffle(uint64_t mask, T value, int lane, int width, int line) {
  static_assert(sizeof(T) % 4 == 0 && sizeof(T) <= 8, "4 or 8 bytes");
  uint32_t words[2];
  memcpy(words, &value, sizeof(T));
  const uint32_t(*all)[kMostWords] = exchange(mask, words, sizeof(T) / 4, line);
  int first = self->lane / width * width;
  int from = lane < 0 || lane >= width ? self->lane : first + lane;
  T result;
  memcpy(&result, all[from], sizeof(T));
  return result;
}

static inline uint64_t ballot(uint64_t mask, bool value, int line) {
  uint32_t word = value;
  const uint32_t(*all)[kMostWords] = exchange(mask, &word, 1, line);
  uint64_t votes = 0;
  uint64_t lanes = mask & waves[self->wave].existing & ~waves[self->wave].done;
  for (int lane = 0; lane < STANDIN_WAVE; lane++) {
    if ((lanes >> lane & 1) && all[lane][0]) votes |= 1ull << lane;
  }
  return votes;
}

}  // namespace standin

#define STANDIN_SHUFFLE(NAME, LANE)                                                               \
  template <class T>                                                                              \
  static inline T NAME##_at(int line, uint64_t mask, T value, int n, int width = STANDIN_WAVE) {  \
    int own = standin::self->lane % width;                                                        \
    return standin::shuffle(mask, value, LANE, width, line);                                      \
  }
STANDIN_SHUFFLE(standin_shfl, (n % width))
STANDIN_SHUFFLE(standin_shfl_xor, (own ^ n))
STANDIN_SHUFFLE(standin_shfl_down, (own + n))
STANDIN_SHUFFLE(standin_shfl_up, (own - n))

#define __shfl_sync(mask, ...) standin_shfl_at(__LINE__, mask, __VA_ARGS__)
#define __shfl_xor_sync(mask, ...) standin_shfl_xor_at(__LINE__, mask, __VA_ARGS__)
#define __shfl_down_sync(mask, ...) standin_shfl_down_at(__LINE__, mask, __VA_ARGS__)
#define __shfl_up_sync(mask, ...) standin_shfl_up_at(__LINE__, mask, __VA_ARGS__)
#define __shfl(...) standin_shfl_at(__LINE__, STANDIN_FULL, __VA_ARGS__)
#define __shfl_xor(...) standin_shfl_xor_at(__LINE__, STANDIN_FULL, __VA_ARGS__)
#define __shfl_down(...) standin_shfl_down_at(__LINE__, STANDIN_FULL, __VA_ARGS__)
#define __shfl_up(...) standin_shfl_up_at(__LINE__, STANDIN_FULL, __VA_ARGS__)
#define __ballot_sync(mask, p) ((unsigned)standin::ballot(mask, p, __LINE__))
#define __ballot(p) standin::ballot(STANDIN_FULL, p, __LINE__)
#define __any_sync(mask, p) (standin::ballot(mask, p, __LINE__) != 0)
#define __syncwarp(...) ((void)standin::ballot(STANDIN_FULL, true, __LINE__))

static inline int __dp4a(int a, int b, int c) {
  for (int i = 0; i < 32; i += 8) c += (int8_t)(a >> i) * (int8_t)(b >> i);
  return c;
}

static inline float __half2float_bits(uint16_t bits) {
  _Float16 half;
  memcpy(&half, &bits, 2);
  return (float)half;
}

static inline uint16_t __float2half_bits(float value) {
  _Float16 half = (_Float16)value;
  uint16_t bits;
  memcpy(&bits, &half, 2);
  return bits;
}

static inline float __int_as_float(int x) { float y; memcpy(&y, &x, 4); return y; }
static inline float __uint_as_float(unsigned x) { float y; memcpy(&y, &x, 4); return y; }
static inline int __float_as_int(float x) { int y; memcpy(&y, &x, 4); return y; }
static inline unsigned __float_as_uint(float x) { unsigned y; memcpy(&y, &x, 4); return y; }
static inline int __float2int_rn(float x) { return (int)rintf(x); }
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz((unsigned)x); }
static inline unsigned __byte_perm(unsigned a, unsigned b, unsigned s) {
  uint64_t all = (uint64_t)b << 32 | a;
  unsigned out = 0;
  for (int i = 0; i < 4; i++) {
    unsigned pick = s >> (4 * i) & 0xf;
    unsigned byte = (unsigned)(all >> (8 * (pick & 7))) & 0xff;
    if (pick & 8) byte = byte & 0x80 ? 0xff : 0;
    out |= byte << (8 * i);
  }
  return out;
}
static inline float cospif(float x) { return (float)cos(M_PI * (double)x); }
static inline float sinpif(float x) { return (float)sin(M_PI * (double)x); }
static inline float rsqrtf(float x) { return 1 / sqrtf(x); }
#define __expf(x) expf(x)
static inline float __fdividef(float a, float b) { return a / b; }
template <class T> static inline T __ldg(const T* p) { return *p; }

template <class T> static inline T atomicAdd(T* p, T v) { T old = *p; *p = old + v; return old; }
template <class T> static inline T atomicMax(T* p, T v) { T old = *p; if (v > old) *p = v; return old; }
template <class T> static inline T atomicExch(T* p, T v) { T old = *p; *p = v; return old; }

template <class T> static inline T min(T a, T b) { return a < b ? a : b; }
template <class T> static inline T max(T a, T b) { return a > b ? a : b; }

/** cvt.rna.tf32.f32: 10 bits of mantissa, halves away from zero. */
static inline float standinTf32(float x) {
  unsigned bits = __float_as_uint(x);
  if ((bits & 0x7f800000) == 0x7f800000) return x;
  return __uint_as_float((bits + 0x1000) & ~0x1fffu);
}

/** mma.m16n8k8 on TF32 values; the fragments are laid out as NVIDIA's PTX manual has them. */
static inline void standinMultiplyTf32(float *c, const float *a, float b0, float b1, int line) {
  float own[6] = {a[0], a[1], a[2], a[3], b0, b1};
  uint32_t words[6];
  memcpy(words, own, sizeof words);
  const uint32_t(*all)[standin::kMostWords] = standin::exchange(STANDIN_FULL, words, 6, line);
  int lane = standin::self->lane;
  for (int i = 0; i < 4; i++) {
    int row = lane / 4 + i / 2 * 8;
    int column = lane % 4 * 2 + i % 2;
    for (int k = 0; k < 8; k++) {
      float left, right;
      memcpy(&left, &all[row % 8 * 4 + k % 4][row / 8 + k / 4 * 2], 4);
      memcpy(&right, &all[column * 4 + k % 4][4 + k / 4], 4);
      // The low bits of what is no TF32 value are ignored.
      c[i] += __uint_as_float(__float_as_uint(left) & ~0x1fffu) * __uint_as_float(__float_as_uint(right) & ~0x1fffu);
    }
  }
}

/** mma.m16n8k16 and m16n8k32 on signed bytes, likewise. */
template <int K>
static inline void standinMultiplyS8(int *c, const unsigned *a, const unsigned *b, int line) {
  constexpr int kA = K / 8, kB = K / 16;
  uint32_t words[kA + kB];
  memcpy(words, a, 4 * kA);
  memcpy(words + kA, b, 4 * kB);
  const uint32_t(*all)[standin::kMostWords] = standin::exchange(STANDIN_FULL, words, kA + kB, line);
  int lane = standin::self->lane;
  for (int i = 0; i < 4; i++) {
    int row = lane / 4 + i / 2 * 8;
    int column = lane % 4 * 2 + i % 2;
    for (int k = 0; k < K; k += 4) {
      unsigned left = all[row % 8 * 4 + k / 4 % 4][row / 8 + k / 16 * 2];
      unsigned right = all[column * 4 + k / 4 % 4][kA + k / 16];
      c[i] = __dp4a((int)left, (int)right, c[i]);
    }
  }
}

/** mma.m16n8k16 on float16, likewise. */
static inline void standinMultiplyF16(float *c, const unsigned *a, const unsigned *b, int line) {
  uint32_t words[6] = {a[0], a[1], a[2], a[3], b[0], b[1]};
  const uint32_t(*all)[standin::kMostWords] = standin::exchange(STANDIN_FULL, words, 6, line);
  int lane = standin::self->lane;
  for (int i = 0; i < 4; i++) {
    int row = lane / 4 + i / 2 * 8;
    int column = lane % 4 * 2 + i % 2;
    for (int k = 0; k < 16; k++) {
      unsigned left = all[row % 8 * 4 + k / 2 % 4][row / 8 + k / 8 * 2] >> k % 2 * 16;
      unsigned right = all[column * 4 + k / 2 % 4][4 + k / 8] >> k % 2 * 16;
      c[i] += __half2float_bits((uint16_t)left) * __half2float_bits((uint16_t)right);
    }
  }
}

/** sub.rn.f16x2 and mul.rn.f16x2. */
template <char Op>
static inline unsigned standinHalves(unsigned a, unsigned b) {
  unsigned out = 0;
  for (int i = 0; i < 32; i += 16) {
    float x = __half2float_bits((uint16_t)(a >> i)), y = __half2float_bits((uint16_t)(b >> i));
    out |= (unsigned)__float2half_bits(Op == '-' ? x - y : x * y) << i;
  }
  return out;
}

/** v_perm_b32: each byte of index names one of eight. */
static inline unsigned standinBytes(unsigned high, unsigned low, unsigned index) {
  uint64_t all = (uint64_t)high << 32 | low;
  unsigned out = 0;
  for (int i = 0; i < 32; i += 8) out |= (unsigned)(all >> 8 * (index >> i & 7) & 0xff) << i;
  return out;
}

namespace standin {

/** Copies to shared memory that a thread has begun: they run when it waits for them. */
struct Copies {
  int count;
  struct {
    void *to;
    const void *from;
  } all[16];
};
static Copies copies[kMostThreads];

}  // namespace standin

static inline void standinCopyAsync(void *to, const void *from) {
  standin::Copies &mine = standin::copies[standin::self->number];
  if (mine.count == 16) standin::fail("more copies than the stand-in keeps", __LINE__);
  if (((size_t)to | (size_t)from) & 15) standin::fail("a copy is not aligned", __LINE__);
  memset(to, 0xff, 16);
  mine.all[mine.count++] = {to, from};
}

static inline void standinCopyWait() {
  standin::Copies &mine = standin::copies[standin::self->number];
  for (int i = 0; i < mine.count; i++) memcpy(mine.all[i].to, mine.all[i].from, 16);
  mine.count = 0;
}
