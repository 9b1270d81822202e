// Brings rows of cols activations, a multiple of 8, to the types of cards/matmul-halves.

// Group x: a row. In float16, by a power of two that brings the greatest to 16384 up to 32768: 11 bits of all that is not
// 2^29 times smaller. The power that undoes it follows the values. A NaN or an infinity stays what it is.
KERNEL(256, 1) narrowF16(const float *in, uchar *out, int cols) {
  SHARED uint red[8];
  int id = LOCAL_ID(0);
  const float *from = in + (ulong) GROUP_ID(0) * cols;
  uchar *to = out + (ulong) GROUP_ID(0) * (2 * (ulong) cols + 16);
  uint most = 0;
  for (int i = id * 4; i < cols; i += 1024) {
    float4 x = load4(from + i);
    float four[4] = {x.x, x.y, x.z, x.w};
    UNROLL for (int k = 0; k < 4; k++) {
      // Compared as integers, where a NaN is the largest.
      uint magnitude = (uint) BITS_OF(four[k]) & 0x7fffffffu;
      most = magnitude > most ? magnitude : most;
    }
  }
  UNROLL for (int n = 16; n > 0; n /= 2) {
    uint other = SHUFFLE_XOR(most, n);
    most = other > most ? other : most;
  }
  if (id % 32 == 0) {
    red[id / 32] = most;
  }
  BARRIER();
  UNROLL for (int i = 0; i < 8; i++) {
    most = red[i] > most ? red[i] : most;
  }
  // The exponent of the greatest; of those that are too small for a scale, the least that is not.
  uint exponent = most >> 23 < 15 ? 15 : most >> 23;
  bool number = exponent < 255;
  float factor = number ? FROM_BITS((int) (268 - exponent << 23)) : 1.0f;
  for (int i = id * 4; i < cols; i += 1024) {
    float4 x = load4(from + i);
    *(uint2 *) (to + 2 * i) =
        make_uint2(PACK_HALVES(x.x * factor, x.y * factor), PACK_HALVES(x.z * factor, x.w * factor));
  }
  if (id == 0) {
    *(float *) (to + 2 * cols) = number ? FROM_BITS((int) (exponent - 14 << 23)) : 1.0f;
  }
}

// The nearest bfloat16.
DEVICE uint nearBfloat(float x) {
  uint bits = (uint) BITS_OF(x);
  return bits + 0x7fff + (bits >> 16 & 1) >> 16;
}

// Items: 4 values of rows of which each of the rows has times so many. In bfloat16, as the sum of two: what the upper half of
// a float32 has, for all values of a row, then the rest. Together they have 15 bits or more.
KERNEL(256, 1) narrowBF16(const float *in, uchar *out, int cols, int times, int rows) {
  ulong first = ((ulong) GROUP_ID(0) * 256 + LOCAL_ID(0)) * 4;
  if (first >= (ulong) cols * times * rows) {
    return;
  }
  float4 x = load4(in + first);
  float four[4] = {x.x, x.y, x.z, x.w};
  uint upper[4];
  uint rest[4];
  UNROLL for (int k = 0; k < 4; k++) {
    uint bits = (uint) BITS_OF(four[k]) & 0xffff0000u;
    upper[k] = bits >> 16;
    rest[k] = nearBfloat(four[k] - FROM_BITS((int) bits));
  }
  ulong row = first / cols;
  ulong col = first % cols;
  uchar *to = out + row * 4 * cols + col * 2;
  *(uint2 *) to = make_uint2(upper[0] | upper[1] << 16, upper[2] | upper[3] << 16);
  *(uint2 *) (to + 2 * cols) = make_uint2(rest[0] | rest[1] << 16, rest[2] | rest[3] << 16);
}
