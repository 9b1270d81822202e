// Ops over activations alone. Those over single values have an item for each: group x only.

#define ITEM (GROUP_ID(0) * 256 + LOCAL_ID(0))

KERNEL(256, 1) add(GLOBAL const float *a, GLOBAL const float *b, GLOBAL float *out, int width, int rows) {
  if (ITEM < width * rows) {
    out[ITEM] = a[ITEM] + b[ITEM];
  }
}

KERNEL(256, 1) scale(GLOBAL const float *in, GLOBAL float *out, float factor, int width, int rows) {
  if (ITEM < width * rows) {
    out[ITEM] = factor * in[ITEM];
  }
}

KERNEL(256, 1) softCap(GLOBAL const float *in, GLOBAL float *out, float cap, int width, int rows) {
  if (ITEM < width * rows) {
    out[ITEM] = cap * TANH(in[ITEM] / cap);
  }
}

DEVICE float sigmoid(float x) { return 1.0f / (1.0f + EXP(-x)); }

KERNEL(256, 1) gatedSilu(GLOBAL const float *gate, GLOBAL const float *up, GLOBAL float *out, int width, int rows) {
  if (ITEM < width * rows) {
    float x = gate[ITEM];
    out[ITEM] = x * sigmoid(x) * up[ITEM];
  }
}

KERNEL(256, 1) gatedGelu(GLOBAL const float *gate, GLOBAL const float *up, GLOBAL float *out, int width, int rows) {
  if (ITEM < width * rows) {
    float x = gate[ITEM];
    // sqrt(2 / pi); 1 + tanh(y) as 2 sigmoid(2 y), which does not cancel where y is far below 0.
    float y = 0.79788456080286535588f * x * (1.0f + 0.044715f * x * x);
    out[ITEM] = x * sigmoid(2.0f * y) * up[ITEM];
  }
}

// gate: one value for each row.
KERNEL(256, 1) sigmoidGate(GLOBAL const float *gate, GLOBAL const float *in, GLOBAL float *out, int width, int rows) {
  if (ITEM < width * rows) {
    out[ITEM] = in[ITEM] * sigmoid(gate[ITEM / width]);
  }
}

// Keeps the rows that the step names.
KERNEL(256, 1) selectRows(GLOBAL const float *in, GLOBAL const int *step, GLOBAL float *out, int rowsAt, int width,
    int rows) {
  if (ITEM < width * rows) {
    int row = step[rowsAt + ITEM / width];
    out[ITEM] = in[(ulong) row * width + ITEM % width];
  }
}

// Sums the slots of a token with their weights. width: of a slot.
KERNEL(256, 1) expertSum(GLOBAL const float *routing, GLOBAL const float *in, GLOBAL float *out, int used, int width,
    int rows) {
  if (ITEM < width * rows) {
    int token = ITEM / width;
    GLOBAL const float *weight = routing + token * 2 * used + used;
    GLOBAL const float *from = in + (ulong) token * used * width + ITEM % width;
    float sum = 0.0f;
    for (int s = 0; s < used; s++) {
      sum += weight[s] * from[s * width];
    }
    out[ITEM] = sum;
  }
}

// turns: for each pair the turns by which one position turns it, as a fraction of 2^64, of which whole turns have
// dropped out: the product with the position has no rounding. Items: pairs, then single values that are not turned.
KERNEL(256, 1) rope(GLOBAL const float *in, GLOBAL const ulong *turns, GLOBAL const int *step, GLOBAL float *out,
    int positionsAt, int headDim, int pairs, int adjacent, float magnitude, int heads, int tokens) {
  int each = headDim - pairs;
  int i = ITEM % each;
  int head = ITEM / each;
  if (head >= heads * tokens) {
    return;
  }
  GLOBAL const float *from = in + (ulong) head * headDim;
  GLOBAL float *to = out + (ulong) head * headDim;
  if (i >= pairs) {
    to[i + pairs] = from[i + pairs];
    return;
  }
  ulong phase = (ulong) step[positionsAt + head / heads] * turns[i];
  // Half turns, from -1 to 1.
  float half_turns = (float) ((int) (uint) (phase >> 32)) * 4.65661287307739257813e-10f;
  float c = COSPI(half_turns) * magnitude;
  float s = SINPI(half_turns) * magnitude;
  int first = adjacent ? 2 * i : i;
  int second = adjacent ? 2 * i + 1 : i + pairs;
  float a = from[first];
  float b = from[second];
  to[first] = a * c - b * s;
  to[second] = a * s + b * c;
}

// Group x: a group of width values.
KERNEL(128, 1) rmsNorm(GLOBAL const float *in, GLOBAL const float *gamma, GLOBAL float *out, float eps, int width) {
  SHARED float red[128];
  int id = LOCAL_ID(0);
  GLOBAL const float *from = in + (ulong) GROUP_ID(0) * width;
  GLOBAL float *to = out + (ulong) GROUP_ID(0) * width;
  float sum = 0.0f;
  for (int i = id; i < width; i += 128) {
    sum += from[i] * from[i];
  }
  float factor = RSQRT(groupSum(red, id, 128, sum) / width + eps);
  for (int i = id; i < width; i += 128) {
    to[i] = from[i] * factor * gamma[i];
  }
}

// Group x: a row.
KERNEL(256, 1) argmax(GLOBAL const float *in, GLOBAL int *out, int width) {
  SHARED float values[256];
  SHARED int numbers[256];
  int id = LOCAL_ID(0);
  GLOBAL const float *from = in + (ulong) GROUP_ID(0) * width;
  float value = 0.0f;
  int number = -1;
  for (int i = id; i < width; i += 256) {
    if (before(from[i], i, value, number)) {
      value = from[i];
      number = i;
    }
  }
  number = best(values, numbers, 256, id, value, number);
  if (id == 0) {
    out[GROUP_ID(0)] = number;
  }
}

// Group x: a token.
KERNEL(128, 1) route(GLOBAL const float *logits, GLOBAL float *out, int experts, int used, int normalise,
    float scale) {
  SHARED float values[128];
  SHARED int numbers[128];
  SHARED int taken[MOST_EXPERTS];
  int id = LOCAL_ID(0);
  GLOBAL const float *from = logits + (ulong) GROUP_ID(0) * experts;
  GLOBAL float *to = out + (ulong) GROUP_ID(0) * 2 * used;
  for (int e = id; e < experts; e += 128) {
    taken[e] = 0;
  }
  float greatest = 0.0f;
  float all = 0.0f;
  float chosen = 0.0f;
  for (int s = 0; s < used; s++) {
    float value = 0.0f;
    int number = -1;
    for (int e = id; e < experts; e += 128) {
      if (!taken[e] && before(from[e], e, value, number)) {
        value = from[e];
        number = e;
      }
    }
    int winner = best(values, numbers, 128, id, value, number);
    if (s == 0) {
      greatest = from[winner];
      float sum = 0.0f;
      for (int e = id; e < experts; e += 128) {
        sum += EXP(from[e] - greatest);
      }
      all = groupSum(values, id, 128, sum);
    }
    float weight = EXP(from[winner] - greatest);
    chosen += weight;
    if (id == 0) {
      taken[winner] = 1;
      to[s] = (float) winner;
      to[used + s] = weight;
    }
    BARRIER();
  }
  if (id == 0) {
    float factor = scale / (normalise ? chosen : all);
    for (int s = 0; s < used; s++) {
      to[used + s] *= factor;
    }
  }
}

// Sorts the slots of all tokens by expert, and cuts them into tiles: plan[0] tiles; for each its expert, where in the
// plan its slots begin, and how many they are; from slotsAt on the slots. One group.
KERNEL(128, 1) expertPlan(GLOBAL const float *routing, GLOBAL int *plan, int experts, int used, int tile,
    int slotsAt, int tokens) {
  SHARED int counts[MOST_EXPERTS];
  SHARED int starts[MOST_EXPERTS];
  int id = LOCAL_ID(0);
  int slots = tokens * used;
  for (int e = id; e < experts; e += 128) {
    int n = 0;
    for (int s = 0; s < slots; s++) {
      n += (int) routing[s / used * 2 * used + s % used] == e;
    }
    counts[e] = n;
  }
  BARRIER();
  if (id == 0) {
    int tiles = 0;
    int at = slotsAt;
    for (int e = 0; e < experts; e++) {
      starts[e] = at;
      for (int from = 0; from < counts[e]; from += tile) {
        plan[1 + 3 * tiles] = e;
        plan[2 + 3 * tiles] = at + from;
        plan[3 + 3 * tiles] = counts[e] - from < tile ? counts[e] - from : tile;
        tiles++;
      }
      at += counts[e];
    }
    plan[0] = tiles;
  }
  BARRIER();
  for (int e = id; e < experts; e += 128) {
    int at = starts[e];
    for (int s = 0; s < slots; s++) {
      if ((int) routing[s / used * 2 * used + s % used] == e) {
        plan[at++] = s;
      }
    }
  }
}
