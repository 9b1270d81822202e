// Puts together what the parts of attention have found.
#define LOWEST -1e30f

// Group x: a token's head.
KERNEL(64, 1) attentionJoin(GLOBAL const float *partial, GLOBAL float *out, int splits JOIN_ARGS) {
  GLOBAL const float *from = partial + (ulong) GROUP_ID(0) * splits * (DIM_V + 2);
  float greatest = LOWEST;
  for (int s = 0; s < splits; s++) {
    greatest = MAX(greatest, from[s * (DIM_V + 2) + DIM_V]);
  }
  for (int d = LOCAL_ID(0); d < DIM_V; d += 64) {
    float sum = 0.0f;
    float total = 0.0f;
    for (int s = 0; s < splits; s++) {
      float weight = EXP(from[s * (DIM_V + 2) + DIM_V] - greatest);
      sum += weight * from[s * (DIM_V + 2) + d];
      total += weight * from[s * (DIM_V + 2) + DIM_V + 1];
    }
    out[(ulong) GROUP_ID(0) * DIM_V + d] = sum / total;
  }
}
