// What all kinds of attention tiles share: HEAD_K and HEAD_V values in a key and a value head, K_VALUES, K_BYTES,
// V_VALUES and V_BYTES in their blocks.

#define K_PIECES (K_VALUES / 16)
#define OUTS ((HEAD_V + ITEMS - 1) / ITEMS)
#define LOWEST -1e30f

DEVICE float valueAt(GLOBAL const uchar *row, int d) {
  return decodeValueOne(row + d / V_VALUES * V_BYTES, d % V_VALUES);
}

// Group x: a token's head.
KERNEL(64, 1) attentionJoin(GLOBAL const float *partial, GLOBAL float *out, int splits) {
  GLOBAL const float *from = partial + (ulong) GROUP_ID(0) * splits * (HEAD_V + 2);
  float greatest = LOWEST;
  for (int s = 0; s < splits; s++) {
    greatest = MAX(greatest, from[s * (HEAD_V + 2) + HEAD_V]);
  }
  for (int d = LOCAL_ID(0); d < HEAD_V; d += 64) {
    float sum = 0.0f;
    float total = 0.0f;
    for (int s = 0; s < splits; s++) {
      float weight = EXP(from[s * (HEAD_V + 2) + HEAD_V] - greatest);
      sum += weight * from[s * (HEAD_V + 2) + d];
      total += weight * from[s * (HEAD_V + 2) + HEAD_V + 1];
    }
    out[(ulong) GROUP_ID(0) * HEAD_V + d] = sum / total;
  }
}
