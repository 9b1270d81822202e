// The dialect in OpenCL C 1.2. Kernels use what is defined here, and of OpenCL C itself: the types uchar, ushort,
// uint, ulong, int16 and float16 with their operators, and vectors of two and four by their components.

#define KERNEL(x, y) SUBGROUP_SIZE __kernel __attribute__((reqd_work_group_size(x, y, 1))) void
#define SUBGROUP_SIZE
#define KERNEL_BLOCKS(x, y, blocks) KERNEL(x, y)
#define DEVICE static inline
#define GLOBAL __global
#define LOCAL __local
#define SHARED __local __attribute__((aligned(16)))
#define GROUP_ID(d) ((int) get_group_id(d))
#define LOCAL_ID(d) ((int) get_local_id(d))
#define BARRIER() barrier(CLK_LOCAL_MEM_FENCE)
#ifdef CPU_VECTORS
#define UNROLL_ON_CARDS _Pragma("unroll 1")
#else
#define UNROLL_ON_CARDS _Pragma("unroll")
#endif
#if defined(CPU_VECTORS) && defined(INTEGER)
// Unrolled, products of 8 tokens with tables in local memory are too much for PoCL 3.1: its code does not wait for them.
#define UNROLL UNROLL_ON_CARDS
#else
#define UNROLL _Pragma("unroll")
#endif
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

#define BITS_OF(x) as_int(x)
#define FROM_BITS(x) as_float(x)
#define POPCOUNT(x) ((int) popcount((uint) (x)))
#define TANH(x) tanh(x)
#define EXP(x) exp(x)
#define RSQRT(x) (1.0f / sqrt(x))
#define ROUND(x) round(x)
#define MAX(a, b) fmax(a, b)
#define FABS(x) fabs(x)
#define COSPI(x) cospi(x)
#define SINPI(x) sinpi(x)

// --- Vectors of 16.
#define SPLAT16(x) ((float16) (x))
#define INTS16(x) ((int16) (x))
#define IOTA16 ((int16) (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define FMA16(a, b, c) fma(a, b, c)
#define FLOATS16(x) convert_float16(x)

DEVICE float sum16(float16 v) {
  float8 a = v.lo + v.hi;
  float4 b = a.lo + a.hi;
  float2 c = b.lo + b.hi;
  return c.x + c.y;
}

DEVICE float16 load16(GLOBAL const float *p) { return vload16(0, p); }
DEVICE void store16(GLOBAL float *p, float16 v) { vstore16(v, 0, p); }
DEVICE float16 pack16(const float *p) { return vload16(0, p); }
DEVICE void unpack16(float *p, float16 v) { vstore16(v, 0, p); }
DEVICE float16 halves16(GLOBAL const uchar *p) { return vload_half16(0, (GLOBAL const half *) p); }
DEVICE float16 bfloats16(GLOBAL const uchar *p) {
  return as_float16(convert_uint16(vload16(0, (GLOBAL const ushort *) p)) << 16);
}

// 16 bytes at an address that is a multiple of 1, 2 or 4.
DEVICE int16 bytes16by1(GLOBAL const uchar *p) { return convert_int16(vload16(0, p)); }
DEVICE int16 bytes16by2(GLOBAL const uchar *p) {
  return convert_int16(as_uchar16(vload8(0, (GLOBAL const ushort *) p)));
}
DEVICE int16 bytes16by4(GLOBAL const uchar *p) {
  return convert_int16(as_uchar16(vload4(0, (GLOBAL const uint *) p)));
}
DEVICE int16 signedBytes16by2(GLOBAL const uchar *p) {
  return convert_int16(as_char16(vload8(0, (GLOBAL const ushort *) p)));
}
// The 16 bytes of four words.
DEVICE int16 wordBytes16(uint a, uint b, uint c, uint d) {
  return convert_int16(as_uchar16((uint4) (a, b, c, d)));
}
DEVICE int16 signedWordBytes16(uint a, uint b, uint c, uint d) {
  return convert_int16(as_char16((uint4) (a, b, c, d)));
}
// For each value: b where the top bit of c is set, else a.
DEVICE int16 select16(int16 a, int16 b, int16 c) { return select(a, b, c); }

// Value i of v goes to p[i * stride].
DEVICE void spread16(LOCAL float *p, int stride, float16 v) {
  float t[16];
  vstore16(v, 0, t);
  UNROLL for (int i = 0; i < 16; i++) {
    p[i * stride] = t[i];
  }
}

// Which 16 rows of a tile an item has, of RUNS items side by side: on a processor's vector units neighbours,
// elsewhere four times four, so that the items' reads fall into different banks.
#ifdef CPU_VECTORS
#define TILE_ROW(item, i, runs) ((item) * 16 + (i))
#define TILE_ROWS16(p, item, runs) vload16(0, (p) + (item) * 16)
#else
#define TILE_ROW(item, i, runs) ((i) / 4 * 4 * (runs) + (item) * 4 + (i) % 4)
#define TILE_ROWS16(p, item, runs)                                                                \
  ((float16) (vload4(0, (p) + (item) * 4), vload4(0, (p) + ((runs) + (item)) * 4),               \
      vload4(0, (p) + (2 * (runs) + (item)) * 4), vload4(0, (p) + (3 * (runs) + (item)) * 4)))
#endif

DEVICE float4 load4(LOCAL const float *p) { return vload4(0, p); }

// --- Scalars in memory, at addresses that are a multiple of 2.
DEVICE float halfAt(GLOBAL const uchar *p) { return vload_half(0, (GLOBAL const half *) p); }
DEVICE float halfOf(uint bits) {
  ushort low = (ushort) bits;
  return vload_half(0, (const half *) &low);
}
DEVICE void putHalf(GLOBAL uchar *p, float x) { vstore_half_rte(x, 0, (GLOBAL half *) p); }
DEVICE uint u16At(GLOBAL const uchar *p) { return *(GLOBAL const ushort *) p; }
DEVICE uint u32At(GLOBAL const uchar *p) { return u16At(p) | u16At(p + 2) << 16; }

// --- Vectors of LANES_Q floats, one for each query of an attention tile; LANES_Q may change on the way.
#define floatq JOIN(floats, LANES_Q)
#define LOADQ(p) JOIN(loadq, LANES_Q)(p)
#define STOREQ(p, v) JOIN(storeq, LANES_Q)(p, v)
#define SPLATQ(x) ((floatq) (x))
#define FMAQ(a, b, c) fma(a, SPLATQ(b), c)
typedef float floats1;
typedef float4 floats4;
typedef float8 floats8;
typedef float16 floats16;
#define loadq1(p) (*(p))
#define loadq4(p) vload4(0, p)
#define loadq8(p) vload8(0, p)
#define loadq16(p) vload16(0, p)
#define storeq1(p, v) (*(p) = (v))
#define storeq4(p, v) vstore4(v, 0, p)
#define storeq8(p, v) vstore8(v, 0, p)
#define storeq16(p, v) vstore16(v, 0, p)

// --- Words of integer kernels. p: aligned as they are wide.
DEVICE uint wordAt(GLOBAL const uchar *p) { return *(GLOBAL const uint *) p; }
DEVICE void words2(uint *w, GLOBAL const uchar *p) { vstore2(*(GLOBAL const uint2 *) p, 0, w); }
DEVICE void words4(uint *w, GLOBAL const uchar *p) { vstore4(*(GLOBAL const uint4 *) p, 0, w); }
DEVICE void sharedWords2(uint *w, LOCAL const uint *p) { vstore2(*(LOCAL const uint2 *) p, 0, w); }
DEVICE void sharedWords4(uint *w, LOCAL const uint *p) { vstore4(*(LOCAL const uint4 *) p, 0, w); }

// --- 8-bit integers. INTEGERS: what the device has for sums of four products.
#define INTEGERS_DOT 2
#define INTEGERS_ADDED 3
#if defined(INTEGERS) && INTEGERS >= INTEGERS_DOT
#pragma OPENCL EXTENSION cl_khr_integer_dot_product : enable
#if INTEGERS == INTEGERS_ADDED
// Sums stay far below what it would cut off.
#define DOT4(a, b, sum) dot_acc_sat_4x8packed_ss_int(a, b, sum)
#else
#define DOT4(a, b, sum) ((sum) + dot_4x8packed_ss_int(a, b))
#endif
#else
#define DOT4(a, b, sum) dot4(a, b, sum)
DEVICE int dot4(uint a, uint b, int sum) {
  char4 x = as_char4(a);
  char4 y = as_char4(b);
  return sum + x.x * y.x + x.y * y.y + x.z * y.z + x.w * y.w;
}
#endif
#define ROUND_INT(x) convert_int_rte(x)

// Levels of the nibbles of four words, by a table of 16 signed bytes: of the lower ones to w, of the upper ones to w + 4.
DEVICE void levels(LOCAL const uint *table, uint *w) {
  LOCAL const uchar *level = (LOCAL const uchar *) table;
  UNROLL for (int i = 0; i < 4; i++) {
    uint q = w[i];
    uint low = 0;
    uint high = 0;
    UNROLL for (int k = 0; k < 4; k++) {
      low |= (uint) level[q >> 8 * k & 15] << 8 * k;
      high |= (uint) level[q >> (8 * k + 4) & 15] << 8 * k;
    }
    w[i] = low;
    w[4 + i] = high;
  }
}

// --- What cards' kernels have from CUDA.
#define fmaf(a, b, c) fma(a, b, c)
#define make_float2(x, y) ((float2) (x, y))
#define make_float4(x, y, z, w) ((float4) (x, y, z, w))
#define make_uint4(x, y, z, w) ((uint4) (x, y, z, w))

// --- Sub-groups, where SUBGROUPS is defined, and where LANES is, too, sums over the LANES items of a team without local
// memory. Compilers choose sizes of their own where they cannot be told; what they chose is the same for all items, and
// where it is not LANES the sum goes through part, local memory of TEAMS TEAM_SUM_FLOATS floats and more.
#ifdef SUBGROUPS
#define SUBGROUPS_KHR 1
#define SUBGROUPS_INTEL 2
#define SUBGROUPS_NONE 3
#if SUBGROUPS == SUBGROUPS_KHR
#pragma OPENCL EXTENSION cl_khr_subgroups : enable
#elif SUBGROUPS == SUBGROUPS_INTEL
#pragma OPENCL EXTENSION cl_intel_subgroups : enable
#else
// For tests of the way without: every item is a sub-group.
#define get_max_sub_group_size() 1
#define get_num_sub_groups() get_local_size(0)
#define get_sub_group_id() get_local_id(0)
#define get_sub_group_local_id() 0
#define sub_group_reduce_add(x) (x)
#endif
#endif
#if defined(SUBGROUPS) && defined(LANES)
#ifdef cl_intel_required_subgroup_size
#undef SUBGROUP_SIZE
#define SUBGROUP_SIZE __attribute__((intel_reqd_sub_group_size(LANES)))
#endif
#define TEAM_SUM(x) teamSum(part, lane, team, x)
#define TEAM_SUM_FLOATS (LANES + 1)
DEVICE float teamSum(LOCAL float *part, int lane, int team, float x) {
  if (get_max_sub_group_size() == LANES) {
    return sub_group_reduce_add(x);
  }
  LOCAL float *mine = part + team * TEAM_SUM_FLOATS;
  mine[lane] = x;
  BARRIER();
  float sum = 0.0f;
  for (int l = 0; l < LANES; l++) {
    sum += mine[l];
  }
  BARRIER();
  return sum;
}
#endif
