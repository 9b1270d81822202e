// Brings the heads of tokens to their places, after cards/page-types: queries and keys may be normed, are turned by their
// positions, and keys and values go to their pages. As rmsNorm, rope and store of kernel/vectors and kernel/store.

// Items take values, or whole blocks.
DEVICE void encodeHead(int type, uchar *to, const float *x, int values, int id) {
  switch (type) {
    case PAGES_F32:
      for (int i = id; i < values; i += 64) encodeF32(to + 4 * i, x + i);
      break;
    case PAGES_F16:
      for (int i = id; i < values; i += 64) encodeF16(to + 2 * i, x + i);
      break;
    case PAGES_BF16:
      for (int i = id; i < values; i += 64) encodeBF16(to + 2 * i, x + i);
      break;
    case PAGES_Q8_0:
      for (int i = id; i < values / 32; i += 64) encodeQ8_0(to + 34 * i, x + 32 * i);
      break;
    default:
      for (int i = id; i < values / 32; i += 64) encodeQ4_0(to + 18 * i, x + 32 * i);
  }
}

// Group x: a head of a token: of queries, then keys, then values. normed: whether there are norms. out: the queries.
KERNEL(64, 1) placeHeads(const float *q, const float *k, const float *v, const float *gammaQ, const float *gammaK,
    int normed, float eps, const ulong *turns, int pairs, int adjacent, float magnitude, float *out, uchar *keys,
    uchar *values, const int *step, int positionsAt, int slotsAt, int tableAt, int tableWidth, int pageShift, int heads,
    int headsKv, int headK, int headV, int typeK, int typeV, int bytesK, int bytesV) {
  SHARED float x[HEAD];
  SHARED float red[2];
  int id = LOCAL_ID(0);
  int all = heads + 2 * headsKv;
  int token = GROUP_ID(0) / all;
  int head = GROUP_ID(0) % all;
  bool query = head < heads;
  bool value = head >= heads + headsKv;
  int headKv = value ? head - heads - headsKv : head - heads;
  int dim = value ? headV : headK;
  const float *from = query ? q + ((ulong) token * heads + head) * headK
      : value               ? v + ((ulong) token * headsKv + headKv) * headV
                            : k + ((ulong) token * headsKv + headKv) * headK;
  float sum = 0.0f;
  for (int d = id; d < dim; d += 64) {
    x[d] = from[d];
    sum += x[d] * x[d];
  }
  if (normed && !value) {
    sum = teamSum(sum);
    if (id % 32 == 0) {
      red[id / 32] = sum;
    }
    BARRIER();
    float factor = RSQRT((red[0] + red[1]) / dim + eps);
    const float *gamma = query ? gammaQ : gammaK;
    for (int d = id; d < dim; d += 64) {
      x[d] = x[d] * factor * gamma[d];
    }
  }
  BARRIER();
  int position = step[positionsAt + token];
  if (!value) {
    for (int i = id; i < pairs; i += 64) {
      ulong phase = (ulong) position * turns[i];
      // Half turns, from -1 to 1.
      float half_turns = (float) ((int) (uint) (phase >> 32)) * 4.65661287307739257813e-10f;
      float c = COSPI(half_turns) * magnitude;
      float s = SINPI(half_turns) * magnitude;
      int first = adjacent ? 2 * i : i;
      int second = adjacent ? 2 * i + 1 : i + pairs;
      float a = x[first];
      float b = x[second];
      x[first] = a * c - b * s;
      x[second] = a * s + b * c;
    }
  }
  BARRIER();
  if (query) {
    float *to = out + ((ulong) token * heads + head) * headK;
    for (int d = id; d < dim; d += 64) {
      to[d] = x[d];
    }
    return;
  }
  int page = step[tableAt + step[slotsAt + token] * tableWidth + (position >> pageShift)];
  ulong row = ((ulong) (page * headsKv + headKv) << pageShift) + (position & ((1 << pageShift) - 1));
  if (value) {
    encodeHead(typeV, values + row * bytesV, x, dim, id);
  } else {
    encodeHead(typeK, keys + row * bytesK, x, dim, id);
  }
}
