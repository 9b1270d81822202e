// As ggml's quantize_row_q4_0_ref.
DEVICE void encode(GLOBAL uchar *to, GLOBAL const float *x) {
  float extreme = 0.0f;
  for (int i = 0; i < 32; i++) {
    extreme = FABS(x[i]) > FABS(extreme) ? x[i] : extreme;
  }
  float d = extreme / -8.0f;
  float inverse = d == 0.0f ? 0.0f : 1.0f / d;
  putHalf(to, d);
  for (int i = 0; i < 16; i++) {
    int low = (int) (x[i] * inverse + 8.5f);
    int high = (int) (x[i + 16] * inverse + 8.5f);
    to[2 + i] = (uchar) ((low > 15 ? 15 : low) | (high > 15 ? 15 : high) << 4);
  }
}
