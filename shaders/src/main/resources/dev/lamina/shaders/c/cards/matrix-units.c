// Matrix units of NVIDIA's cards and what feeds them, after the preludes. TENSOR is the compute capability that the text is
// for, 75 or 80: the older units take less at a time, and several of their instructions do what one of the newer ones does.
// c[16][8] += a[16][k] b[k][8], by the lanes of a warp together, each with the values that mma.m16n8k... gives it.

#ifdef STANDIN_WAVE
#define MMA_S8(c, a, b, m, k) standinMultiplyS8<m, k>(c, a, b, __LINE__)
#define MMA_F16(c, a, b, k) standinMultiplyF16<k>(c, a, b, __LINE__)
#define LOAD_MATRICES(r, row) standinLoadMatrices(r, row, __LINE__)
#else
#if TENSOR >= 80
#define MMA_S8(c, a, b, m, k) mmaS8_##k(c, a, b)
#define MMA_F16(c, a, b, k) mmaF16(c, a, b)
DEVICE void mmaS8_16(int *c, const uint *a, const uint *b) {
  asm("mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
      : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(b[0]));
}
DEVICE void mmaS8_32(int *c, const uint *a, const uint *b) {
  asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
DEVICE void mmaF16(float *c, const uint *a, const uint *b) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#else
#define MMA_S8(c, a, b, m, k) mmaS8(c, a, b)
#define MMA_F16(c, a, b, k) mmaF16(c, a, b)
DEVICE void mmaS8(int *c, const uint *a, const uint *b) {
  asm("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%0, %1}, {%2}, {%3}, {%0, %1};"
      : "+r"(c[0]), "+r"(c[1])
      : "r"(a[0]), "r"(b[0]));
}
DEVICE void mmaF16(float *c, const uint *a, const uint *b) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(b[0]));
}
#endif
// Four matrices of 8 rows of 16 bytes from shared memory: lane l has the address of row l % 8 of matrix l / 8, and gets of
// each matrix word l % 4 of row l / 4.
DEVICE void LOAD_MATRICES(uint *r, const uint *row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"((uint) __cvta_generic_to_shared(row)));
}
#endif

#if TENSOR >= 80
#define MULTIPLY_S8_16(c, a, b) MMA_S8(c, a, b, 16, 16)
#define MULTIPLY_S8_32(c, a, b) MMA_S8(c, a, b, 16, 32)
#define MULTIPLY_F16(c, a, b) MMA_F16(c, a, b, 16)
#else
DEVICE void MULTIPLY_S8_16(int *c, const uint *a, const uint *b) {
  MMA_S8(c, a, b, 8, 16);
  MMA_S8(c + 2, a + 1, b, 8, 16);
}
DEVICE void MULTIPLY_S8_32(int *c, const uint *a, const uint *b) {
  MULTIPLY_S8_16(c, a, b);
  MULTIPLY_S8_16(c, a + 2, b + 1);
}
DEVICE void MULTIPLY_F16(float *c, const uint *a, const uint *b) {
  MMA_F16(c, a, b, 8);
  MMA_F16(c, a + 2, b + 1, 8);
}
#endif

#if TENSOR >= 80
// --- bfloat16 as float16, and TF32, of which one instruction takes 8 values.
#ifdef STANDIN_WAVE
#define MULTIPLY_BF16(c, a, b) standinMultiplyBf16(c, a, b, __LINE__)
#define TO_TF32(x) standinTf32(x)
#define MULTIPLY_TF32(c, a, b0, b1) standinMultiplyTf32(c, a, b0, b1, __LINE__)
#else
DEVICE void MULTIPLY_BF16(float *c, const uint *a, const uint *b) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
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

// --- Copies of 16 bytes to shared memory that run while the thread goes on. Those that a thread has begun since its last
// COPY_GROUP are its next group; COPY_WAIT waits for all groups but the last n. Where not inside, zeros come.
#ifdef STANDIN_WAVE
#define COPY_ASYNC16(to, from, inside) standinCopyAsync(to, (inside) ? (const void *) (from) : nullptr)
#define COPY_GROUP() standinCopyGroup()
#define COPY_WAIT(n) standinCopyWait(n)
#else
#define COPY_ASYNC16(to, from, inside) copyAsync16(to, from, inside)
DEVICE void copyAsync16(void *to, const void *from, bool inside) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"((uint) __cvta_generic_to_shared(to)), "l"(from),
               "r"(inside ? 16 : 0)
               : "memory");
}
#define COPY_GROUP() asm volatile("cp.async.commit_group;" ::: "memory")
#define COPY_WAIT(n) asm volatile("cp.async.wait_group %0;" ::"n"(n) : "memory")
#endif
#endif
