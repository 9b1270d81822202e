// The matrix units of NVIDIA's cards and their copies to shared memory, for the host. Fragments are laid out as NVIDIA's PTX
// manual has them.
#pragma once

namespace standin {

/** c[M][8] += a[M][K] b[K][8], of values of which a word has Each, by a function that adds the products of two words. */
template <int M, int K, int Each, class T, class Add>
static inline void multiply(T *c, const unsigned *a, const unsigned *b, int line, Add add) {
  constexpr int kA = M * K / Each / STANDIN_WAVE, kB = K * 8 / Each / STANDIN_WAVE;
  uint32_t words[kA + kB];
  memcpy(words, a, 4 * kA);
  memcpy(words + kA, b, 4 * kB);
  const uint32_t(*all)[kMostWords] = exchange(STANDIN_FULL, words, kA + kB, line);
  int lane = self->lane;
  for (int i = 0; i < M / 4; i++) {
    int row = lane / 4 + i / 2 * 8;
    int column = lane % 4 * 2 + i % 2;
    // A run of four words lies in four lanes; runs follow each other after the rows.
    for (int k = 0; k < K / Each; k++) {
      add(c[i], all[row % 8 * 4 + k % 4][row / 8 + k / 4 * (M / 8)], all[column * 4 + k % 4][kA + k / 4]);
    }
  }
}

static inline float upperBits(unsigned bits) { return __uint_as_float(bits & 0xffff0000); }

}  // namespace standin

/** mma.m8n8k16, m16n8k16 and m16n8k32 on signed bytes. */
template <int M, int K>
static inline void standinMultiplyS8(int *c, const unsigned *a, const unsigned *b, int line) {
  standin::multiply<M, K, 4>(c, a, b, line, [](int &sum, unsigned x, unsigned y) { sum = __dp4a((int)x, (int)y, sum); });
}

/** mma.m16n8k8 and m16n8k16 on float16. */
template <int K>
static inline void standinMultiplyF16(float *c, const unsigned *a, const unsigned *b, int line) {
  standin::multiply<16, K, 2>(c, a, b, line, [](float &sum, unsigned x, unsigned y) {
    sum += __half2float_bits((uint16_t)x) * __half2float_bits((uint16_t)y);
    sum += __half2float_bits((uint16_t)(x >> 16)) * __half2float_bits((uint16_t)(y >> 16));
  });
}

/** mma.m16n8k16 on bfloat16. */
static inline void standinMultiplyBf16(float *c, const unsigned *a, const unsigned *b, int line) {
  standin::multiply<16, 16, 2>(c, a, b, line, [](float &sum, unsigned x, unsigned y) {
    sum += standin::upperBits(x << 16) * standin::upperBits(y << 16);
    sum += standin::upperBits(x) * standin::upperBits(y);
  });
}

/** cvt.rna.tf32.f32: 10 bits of mantissa, halves away from zero. */
static inline float standinTf32(float x) {
  unsigned bits = __float_as_uint(x);
  if ((bits & 0x7f800000) == 0x7f800000) return x;
  return __uint_as_float((bits + 0x1000) & ~0x1fffu);
}

/** mma.m16n8k8 on TF32 values. */
static inline void standinMultiplyTf32(float *c, const float *a, float b0, float b1, int line) {
  unsigned left[4], right[2] = {__float_as_uint(b0), __float_as_uint(b1)};
  memcpy(left, a, sizeof left);
  standin::multiply<16, 8, 1>(c, left, right, line, [](float &sum, unsigned x, unsigned y) {
    // The low bits of what is no TF32 value are ignored.
    sum += __uint_as_float(x & ~0x1fffu) * __uint_as_float(y & ~0x1fffu);
  });
}

/** ldmatrix.m8n8.x4. */
static inline void standinLoadMatrices(unsigned *r, const void *row, int line) {
  if ((size_t)row & 15) standin::fail("a row of a matrix is not aligned", line);
  uint32_t words[2];
  memcpy(words, &row, sizeof row);
  const uint32_t(*all)[standin::kMostWords] = standin::exchange(STANDIN_FULL, words, 2, line);
  int lane = standin::self->lane;
  for (int m = 0; m < 4; m++) {
    const unsigned *from;
    memcpy(&from, all[m * 8 + lane / 4], sizeof from);
    r[m] = from[lane % 4];
  }
}

namespace standin {

/** Copies to shared memory that a thread has begun: they run when it waits for them. */
struct Copies {
  int count;
  int groups;
  struct {
    void *to;
    const void *from;
    int group;
  } all[64];
};
static Copies copies[kMostThreads];

}  // namespace standin

/** From null: zeros. */
static inline void standinCopyAsync(void *to, const void *from) {
  standin::Copies &mine = standin::copies[standin::self->number];
  if (mine.count == 64) standin::fail("more copies than the stand-in keeps", __LINE__);
  if (((size_t)to | (size_t)from) & 15) standin::fail("a copy is not aligned", __LINE__);
  memset(to, 0xff, 16);
  mine.all[mine.count++] = {to, from, mine.groups};
}

static inline void standinCopyGroup() { standin::copies[standin::self->number].groups++; }

static inline void standinCopyWait(int but) {
  standin::Copies &mine = standin::copies[standin::self->number];
  int left = 0;
  for (int i = 0; i < mine.count; i++) {
    auto &copy = mine.all[i];
    if (copy.group >= mine.groups - but) {
      mine.all[left++] = copy;
    } else if (copy.from) {
      memcpy(copy.to, copy.from, 16);
    } else {
      memset(copy.to, 0, 16);
    }
  }
  mine.count = left;
}
