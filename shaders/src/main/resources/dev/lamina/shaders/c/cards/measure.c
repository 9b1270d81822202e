// Multiply-adds at the rate that the card has for them: 16 for each of rounds, in as many chains as hide their latency.
KERNEL(256, 1) multiplyAdds(float *out, float factor, int rounds) {
  float x[16];
  UNROLL for (int i = 0; i < 16; i++) {
    x[i] = (float) (LOCAL_ID(0) + i);
  }
  for (int n = 0; n < rounds; n++) {
    UNROLL for (int i = 0; i < 16; i++) {
      x[i] = fmaf(x[i], factor, factor);
    }
  }
  float sum = 0.0f;
  UNROLL for (int i = 0; i < 16; i++) {
    sum += x[i];
  }
  out[GROUP_ID(0) * 256 + LOCAL_ID(0)] = sum;
}
