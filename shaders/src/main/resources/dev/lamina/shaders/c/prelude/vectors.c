// The dialect in C++, for CUDA and HIP: what is the same in both. Which of them it is decides the prelude that
// follows.

typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;

#define KERNEL(x, y) extern "C" __global__ void __launch_bounds__((x) * (y))
#define DEVICE static __device__ __forceinline__
#define GLOBAL
#define LOCAL
#define SHARED __shared__ __align__(16)
#define GROUP_ID(d) ((int) (d == 0 ? blockIdx.x : d == 1 ? blockIdx.y : blockIdx.z))
#define LOCAL_ID(d) ((int) (d == 0 ? threadIdx.x : threadIdx.y))
#define BARRIER() __syncthreads()

#define BITS_OF(x) __float_as_int(x)
#define FROM_BITS(x) __int_as_float(x)
#define POPCOUNT(x) __popc((uint) (x))
#define TANH(x) tanhf(x)
#define EXP(x) expf(x)
#define RSQRT(x) (1.0f / sqrtf(x))
#define ROUND(x) roundf(x)
#define MAX(a, b) fmaxf(a, b)
#define FABS(x) fabsf(x)
#define COSPI(x) cospif(x)
#define SINPI(x) sinpif(x)

#ifdef STANDIN_WAVE
#define UNROLL
#else
#define UNROLL _Pragma("unroll")
#endif
#define UNROLL_ON_CARDS UNROLL
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

// --- Vectors, held in registers: every loop over one is unrolled.
template <class T, int N>
struct Vec {
  typedef T Element;
  T v[N];
};

#define EACH(n) UNROLL for (int i = 0; i < n; i++)
#define VECTOR_OPERATOR(op)                                                                       \
  template <class T, int N>                                                                       \
  DEVICE Vec<T, N> operator op(Vec<T, N> a, Vec<T, N> b) {                                        \
    EACH(N) a.v[i] = a.v[i] op b.v[i];                                                            \
    return a;                                                                                     \
  }                                                                                               \
  template <class T, int N>                                                                       \
  DEVICE Vec<T, N> operator op(Vec<T, N> a, typename Vec<T, N>::Element b) {                      \
    EACH(N) a.v[i] = a.v[i] op b;                                                                 \
    return a;                                                                                     \
  }                                                                                               \
  template <class T, int N>                                                                       \
  DEVICE Vec<T, N> operator op(typename Vec<T, N>::Element a, Vec<T, N> b) {                      \
    EACH(N) b.v[i] = a op b.v[i];                                                                 \
    return b;                                                                                     \
  }
VECTOR_OPERATOR(+)
VECTOR_OPERATOR(-)
VECTOR_OPERATOR(*)
VECTOR_OPERATOR(&)
VECTOR_OPERATOR(|)
VECTOR_OPERATOR(^)
VECTOR_OPERATOR(<<)
VECTOR_OPERATOR(>>)
#undef VECTOR_OPERATOR

template <class T, int N>
DEVICE Vec<T, N> operator-(Vec<T, N> a) {
  EACH(N) a.v[i] = -a.v[i];
  return a;
}

template <class T, int N>
DEVICE Vec<T, N> splat(T x) {
  Vec<T, N> all;
  EACH(N) all.v[i] = x;
  return all;
}

template <int N>
DEVICE Vec<float, N> fmaEach(Vec<float, N> a, Vec<float, N> b, Vec<float, N> c) {
  EACH(N) c.v[i] = fmaf(a.v[i], b.v[i], c.v[i]);
  return c;
}

// --- Vectors of 16.
typedef Vec<float, 16> float16;
typedef Vec<int, 16> int16;

#define SPLAT16(x) splat<float, 16>(x)
#define INTS16(x) splat<int, 16>(x)
#define IOTA16 iota16()
#define FMA16(a, b, c) fmaEach(a, b, c)
#define FLOATS16(x) floats16(x)

DEVICE int16 iota16() {
  int16 r;
  EACH(16) r.v[i] = i;
  return r;
}

DEVICE float16 floats16(int16 x) {
  float16 r;
  EACH(16) r.v[i] = (float) x.v[i];
  return r;
}

DEVICE float sum16(float16 a) {
  EACH(8) a.v[i] += a.v[i + 8];
  EACH(4) a.v[i] += a.v[i + 4];
  EACH(2) a.v[i] += a.v[i + 2];
  return a.v[0] + a.v[1];
}

// Whether 16 bytes can be read at once. Only rows of types whose blocks are single values begin anywhere.
DEVICE bool wide(const void *p) {
#ifdef RAGGED
  return ((size_t) p & 15) == 0;
#else
  return true;
#endif
}

DEVICE float4 load4(const float *p) { return *(const float4 *) p; }

DEVICE float16 load16(const float *p) {
  float16 r;
  if (wide(p)) {
    EACH(4) {
      float4 x = load4(p + 4 * i);
      r.v[4 * i] = x.x;
      r.v[4 * i + 1] = x.y;
      r.v[4 * i + 2] = x.z;
      r.v[4 * i + 3] = x.w;
    }
  } else {
    EACH(16) r.v[i] = p[i];
  }
  return r;
}

DEVICE void store16(float *p, float16 v) {
  if (wide(p)) {
    EACH(4) *(float4 *) (p + 4 * i) = make_float4(v.v[4 * i], v.v[4 * i + 1], v.v[4 * i + 2], v.v[4 * i + 3]);
  } else {
    EACH(16) p[i] = v.v[i];
  }
}

DEVICE float16 pack16(const float *p) {
  float16 r;
  EACH(16) r.v[i] = p[i];
  return r;
}

DEVICE void unpack16(float *p, float16 v) { EACH(16) p[i] = v.v[i]; }

DEVICE uint u16At(const uchar *p) { return *(const ushort *) p; }
DEVICE uint u32At(const uchar *p) { return u16At(p) | u16At(p + 2) << 16; }

// The 16 bytes of four words.
DEVICE int16 wordBytes16(uint a, uint b, uint c, uint d) {
  uint words[4] = {a, b, c, d};
  int16 r;
  EACH(16) r.v[i] = (int) (words[i / 4] >> (i % 4) * 8 & 255);
  return r;
}

DEVICE int16 signedWordBytes16(uint a, uint b, uint c, uint d) {
  uint words[4] = {a, b, c, d};
  int16 r;
  EACH(16) r.v[i] = (int) (words[i / 4] << (3 - i % 4) * 8) >> 24;
  return r;
}

// 16 bytes at an address that is a multiple of 1, 2 or 4.
DEVICE int16 bytes16by1(const uchar *p) {
  int16 r;
  EACH(16) r.v[i] = p[i];
  return r;
}

DEVICE int16 bytes16by2(const uchar *p) {
  return wordBytes16(u32At(p), u32At(p + 4), u32At(p + 8), u32At(p + 12));
}

DEVICE int16 bytes16by4(const uchar *p) {
  const uint *words = (const uint *) p;
  return wordBytes16(words[0], words[1], words[2], words[3]);
}

DEVICE int16 signedBytes16by2(const uchar *p) {
  return signedWordBytes16(u32At(p), u32At(p + 4), u32At(p + 8), u32At(p + 12));
}

// For each value: b where the top bit of c is set, else a.
DEVICE int16 select16(int16 a, int16 b, int16 c) {
  EACH(16) a.v[i] = c.v[i] < 0 ? b.v[i] : a.v[i];
  return a;
}

// Value i of v goes to p[i * stride].
DEVICE void spread16(float *p, int stride, float16 v) { EACH(16) p[i * stride] = v.v[i]; }

// Which 16 rows of a tile an item has, of RUNS items side by side: four times four, so that the items' reads fall
// into different banks.
#define TILE_ROW(item, i, runs) ((i) / 4 * 4 * (runs) + (item) * 4 + (i) % 4)
#define TILE_ROWS16(p, item, runs) tileRows16(p, item, runs)

DEVICE float16 tileRows16(const float *p, int item, int runs) {
  float16 r;
  EACH(4) {
    float4 x = load4(p + (i * runs + item) * 4);
    r.v[4 * i] = x.x;
    r.v[4 * i + 1] = x.y;
    r.v[4 * i + 2] = x.z;
    r.v[4 * i + 3] = x.w;
  }
  return r;
}

// --- Vectors of LANES_Q floats, one for each query of an attention tile, in shared memory or in registers; LANES_Q may
// change on the way.
#define floatq Vec<float, LANES_Q>
#define LOADQ(p) loadQ<LANES_Q>(p)
#define STOREQ(p, v) storeQ<LANES_Q>(p, v)
#define SPLATQ(x) splat<float, LANES_Q>(x)
#define FMAQ(a, b, c) fmaEach(a, SPLATQ(b), c)

// p: in shared memory.
template <int N>
DEVICE Vec<float, N> loadQ(const float *p) {
  Vec<float, N> r;
  if (N % 4 == 0) {
    EACH(N / 4) {
      float4 x = load4(p + 4 * i);
      r.v[4 * i] = x.x;
      r.v[4 * i + 1] = x.y;
      r.v[4 * i + 2] = x.z;
      r.v[4 * i + 3] = x.w;
    }
  } else {
    EACH(N) r.v[i] = p[i];
  }
  return r;
}

template <int N>
DEVICE void storeQ(float *p, Vec<float, N> v) {
  EACH(N) p[i] = v.v[i];
}
