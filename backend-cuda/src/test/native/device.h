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

#include "units.h"
