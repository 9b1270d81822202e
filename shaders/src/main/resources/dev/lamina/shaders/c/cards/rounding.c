// Activations become 8-bit integers with a scale for each 32 of them, as in ggml's Q8_0: the scale is the largest magnitude
// by 127, rounded to the 11 bits of a float16 without its limits. A NaN or an infinity makes the scale no number. Rows of
// cols values become the rows of cards/integer-rows.

// The largest of the values of 8 neighbours, and the sum of those of 4. near: where there are no other means, as many words
// as items.
#ifdef SHUFFLE_XOR
#define NEAR(items) uint *near = 0;
DEVICE uint most8(uint *near, uint x) {
  UNROLL for (int n = 1; n < 8; n *= 2) {
    uint other = SHUFFLE_XOR(x, n);
    x = other > x ? other : x;
  }
  return x;
}
DEVICE int sum4(uint *near, int x) {
  x += SHUFFLE_XOR(x, 1);
  x += SHUFFLE_XOR(x, 2);
  return x;
}
#else
#define NEAR(items) SHARED uint near[items];
DEVICE uint most8(LOCAL uint *near, uint x) {
  near[LOCAL_ID(0)] = x;
  BARRIER();
  for (int i = LOCAL_ID(0) & ~7; i <= (LOCAL_ID(0) | 7); i++) {
    x = near[i] > x ? near[i] : x;
  }
  BARRIER();
  return x;
}
DEVICE int sum4(LOCAL uint *near, int x) {
  near[LOCAL_ID(0)] = (uint) x;
  BARRIER();
  int sum = 0;
  for (int i = LOCAL_ID(0) & ~3; i <= (LOCAL_ID(0) | 3); i++) {
    sum += (int) near[i];
  }
  BARRIER();
  return sum;
}
#endif

// item: 4 values from first on, of all rows; the 8 items that share a scale are neighbours in a warp.
DEVICE void round4(LOCAL uint *near, GLOBAL uchar *out, const float *x, ulong first, int cols, bool valid) {
  uint most = 0;
  UNROLL for (int i = 0; i < 4; i++) {
    // Compared as integers, where a NaN is the largest.
    uint magnitude = (uint) BITS_OF(x[i]) & 0x7fffffffu;
    most = magnitude > most ? magnitude : most;
  }
  most = most8(near, most);
  // 1e-30
  most = most > 0x0da24260u ? most : 0x0da24260u;
  float largest = FROM_BITS((int) most);
  float exact = largest * (1.0f / 127.0f);
  uint bits = (uint) BITS_OF(exact);
  // Zero times what is no number is none, whatever becomes of its bits.
  float d = exact * 0.0f + FROM_BITS((int) ((bits + 0xfff + (bits >> 13 & 1)) & 0xffffe000u));
  float inverse = 127.0f / largest;
  uint packed = 0;
  int sum = 0;
  UNROLL for (int i = 0; i < 4; i++) {
    int q = ROUND_INT(x[i] * inverse);
    packed |= (uint) (q & 255) << 8 * i;
    sum += q;
  }
  sum = sum4(near, sum);
  if (valid) {
    int row = (int) (first / cols);
    int col = (int) (first % cols);
    GLOBAL uchar *to = out + row * ((ulong) cols + cols / 2);
    *(GLOBAL uint *) (to + col) = packed;
    if (col % 16 == 0) {
      *(GLOBAL float2 *) (to + cols + col / 16 * 8) = make_float2(d, d * (float) sum);
    }
  }
}

DEVICE void get4(float *x, GLOBAL const float *from, bool valid) {
  float4 four = valid ? *(GLOBAL const float4 *) from : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
  x[0] = four.x;
  x[1] = four.y;
  x[2] = four.z;
  x[3] = four.w;
}

#define FIRST (((ulong) GROUP_ID(0) * 128 + LOCAL_ID(0)) * 4)

// Each of the rows has times so many.
KERNEL(128, 1) roundRows(GLOBAL const float *in, GLOBAL uchar *out, int cols, int times, int rows) {
  NEAR(128)
  bool valid = FIRST < (ulong) cols * times * rows;
  float x[4];
  get4(x, in + FIRST, valid);
  round4(near, out, x, FIRST, cols, valid);
}

DEVICE float fastSigmoid(float x) { return 1.0f / (1.0f + EXP(-x)); }

// As gatedSilu and gatedGelu, and rounded.
#define GATED(name, factor)                                                                                      \
  KERNEL(128, 1) name(GLOBAL const float *gate, GLOBAL const float *up, GLOBAL float *to, GLOBAL uchar *out,     \
      int cols, int times, int rows) {                                                                           \
    NEAR(128)                                                                                                    \
    bool valid = FIRST < (ulong) cols * times * rows;                                                            \
    float x[4];                                                                                                  \
    float y[4];                                                                                                  \
    get4(x, gate + FIRST, valid);                                                                                \
    get4(y, up + FIRST, valid);                                                                                  \
    UNROLL for (int i = 0; i < 4; i++) {                                                                         \
      x[i] = factor(x[i]) * y[i];                                                                                \
    }                                                                                                            \
    if (valid) {                                                                                                 \
      *(GLOBAL float4 *) (to + FIRST) = make_float4(x[0], x[1], x[2], x[3]);                                     \
    }                                                                                                            \
    round4(near, out, x, FIRST, cols, valid);                                                                    \
  }

DEVICE float silu(float x) { return x * fastSigmoid(x); }
DEVICE float gelu(float x) {
  return x * fastSigmoid(2.0f * (0.79788456080286535588f * x * (1.0f + 0.044715f * x * x)));
}
GATED(gatedSiluRounded, silu)
GATED(gatedGeluRounded, gelu)

// A row that begins at value row, times a factor and gamma; rounded, too, where rounds is not 0.
DEVICE void scaledRow(LOCAL uint *near, GLOBAL const float *in, GLOBAL const float *gamma, GLOBAL float *to,
    GLOBAL uchar *out, ulong row, float factor, int width, int rounds) {
  // All items go round equally often: they exchange values.
  for (int base = 0; base < width; base += 1024) {
    int i = base + LOCAL_ID(0) * 4;
    bool valid = i < width;
    float x[4];
    float g[4];
    get4(x, in + row + i, valid);
    get4(g, gamma + i, valid);
    UNROLL for (int k = 0; k < 4; k++) {
      x[k] = x[k] * factor * g[k];
    }
    if (valid) {
      *(GLOBAL float4 *) (to + row + i) = make_float4(x[0], x[1], x[2], x[3]);
    }
    if (rounds) {
      round4(near, out, x, row + i, width, valid);
    }
  }
}

// As rmsNorm, and rounded. Group x: a row of width values.
KERNEL(256, 1) rmsNormRounded(GLOBAL const float *in, GLOBAL const float *gamma, GLOBAL float *to, GLOBAL uchar *out,
    float eps, int width) {
  SHARED float red[256];
  NEAR(256)
  int id = LOCAL_ID(0);
  ulong row = (ulong) GROUP_ID(0) * width;
  float sum = 0.0f;
  for (int i = id * 4; i < width; i += 1024) {
    float4 x = *(GLOBAL const float4 *) (in + row + i);
    sum += x.x * x.x + x.y * x.y + x.z * x.z + x.w * x.w;
  }
  float factor = RSQRT(groupSum(red, id, 256, sum) / width + eps);
  scaledRow(near, in, gamma, to, out, row, factor, width, 1);
}

// rmsNorm, the sum of that and another row, and rmsNorm of the sum; rounded, too, where rounds is not 0. Group x: a row. What
// is written may be where what is read was: no item needs what another has read.
KERNEL(256, 1) normAddNorm(GLOBAL const float *in, GLOBAL const float *gammaIn, GLOBAL const float *addend,
    GLOBAL const float *gamma, GLOBAL float *sumTo, GLOBAL float *to, GLOBAL uchar *out, float eps, int width, int rounds) {
  SHARED float red[256];
  SHARED float redAgain[256];
  NEAR(256)
  int id = LOCAL_ID(0);
  ulong row = (ulong) GROUP_ID(0) * width;
  float squares = 0.0f;
  for (int i = id * 4; i < width; i += 1024) {
    float x[4];
    get4(x, in + row + i, true);
    UNROLL for (int k = 0; k < 4; k++) {
      squares += x[k] * x[k];
    }
  }
  float factor = RSQRT(groupSum(red, id, 256, squares) / width + eps);
  squares = 0.0f;
  for (int i = id * 4; i < width; i += 1024) {
    float x[4];
    float g[4];
    float y[4];
    get4(x, in + row + i, true);
    get4(g, gammaIn + i, true);
    get4(y, addend + row + i, true);
    UNROLL for (int k = 0; k < 4; k++) {
      x[k] = x[k] * factor * g[k] + y[k];
      squares += x[k] * x[k];
    }
    *(GLOBAL float4 *) (sumTo + row + i) = make_float4(x[0], x[1], x[2], x[3]);
  }
  factor = RSQRT(groupSum(redAgain, id, 256, squares) / width + eps);
  scaledRow(near, sumTo, gamma, to, out, row, factor, width, rounds);
}

#define LOWEST -1e30f

// As attentionJoin, and rounded. cols: of a row; headV: of a head.
KERNEL(128, 1) attentionJoinRounded(GLOBAL const float *partial, GLOBAL float *to, GLOBAL uchar *out, int splits, int headV,
    int cols, int rows) {
  NEAR(128)
  bool valid = FIRST < (ulong) cols * rows;
  float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  if (valid) {
    GLOBAL const float *from = partial + FIRST / headV * splits * (headV + 2);
    int d = (int) (FIRST % headV);
    float greatest = LOWEST;
    for (int s = 0; s < splits; s++) {
      greatest = MAX(greatest, from[s * (headV + 2) + headV]);
    }
    float total = 0.0f;
    for (int s = 0; s < splits; s++) {
      GLOBAL const float *part = from + s * (headV + 2);
      float weight = EXP(part[headV] - greatest);
      total += weight * part[headV + 1];
      UNROLL for (int k = 0; k < 4; k++) {
        sum[k] += weight * part[d + k];
      }
    }
    UNROLL for (int k = 0; k < 4; k++) {
      sum[k] /= total;
    }
    *(GLOBAL float4 *) (to + FIRST) = make_float4(sum[0], sum[1], sum[2], sum[3]);
  }
  round4(near, out, sum, FIRST, cols, valid);
}

// Takes the heads of blocks apart: a row's blocks without their heads, then the heads. Group x: a row of from, which goes to
// to from row first on; an item takes two bytes at a time, or one where the head is one.
KERNEL(256, 1) headsApart(GLOBAL const uchar *from, GLOBAL uchar *to, int blocks, int blockBytes, int headAt,
    int headBytes, int rowBytes, int first) {
  GLOBAL const uchar *row = from + (ulong) GROUP_ID(0) * blocks * blockBytes;
  GLOBAL uchar *target = to + (ulong) (first + GROUP_ID(0)) * rowBytes;
  int each = headBytes == 1 ? 1 : 2;
  int payload = blockBytes - headBytes;
  for (int at = LOCAL_ID(0) * each; at < blocks * blockBytes; at += 256 * each) {
    int block = at / blockBytes;
    int offset = at % blockBytes;
    bool head = offset >= headAt && offset < headAt + headBytes;
    int place = head ? blocks * payload + block * headBytes + offset - headAt
                     : block * payload + (offset < headAt ? offset : offset - headBytes);
    if (each == 1) {
      target[place] = row[at];
    } else {
      *(GLOBAL ushort *) (target + place) = *(GLOBAL const ushort *) (row + at);
    }
  }
}
