// As ggml's quantize_row_q8_0_ref.
DEVICE void encode(GLOBAL uchar *to, GLOBAL const float *x) {
  float greatest = 0.0f;
  for (int i = 0; i < 32; i++) {
    greatest = MAX(greatest, FABS(x[i]));
  }
  float d = greatest / 127.0f;
  float inverse = d == 0.0f ? 0.0f : 1.0f / d;
  putHalf(to, d);
  for (int i = 0; i < 32; i++) {
    to[2 + i] = (uchar) (int) ROUND(x[i] * inverse);
  }
}
