// Attention over pages. A tile is some tokens of one sequence, times some of the query heads that share a key head:
// LANES_Q queries, side by side in vectors, so that each key and value is read once for all of them. Softmax goes on
// line, ITEMS keys at a time (Milakov and Gimelshein, "Online normalizer calculation for softmax"; Dao et al.,
// "FlashAttention"). Group x: tiles; group y: key heads, times parts of their query heads; group z: parts of the
// positions, whose results attentionJoin puts together. Compiled once for each number of LANES_Q. What a head is, say
// kernel/attention-heads and cards/heads.

#define SUBS (ITEMS / LANES_Q)

// tiles: for each its first token and how many.
KERNEL_BLOCKS(ITEMS, 1, LANES_Q == 1 ? 8 : 4) JOIN(attention, LANES_Q)(GLOBAL const float *q, GLOBAL const uchar *keys, GLOBAL const uchar *values,
    GLOBAL const int *step, GLOBAL float *out, GLOBAL float *partial, int tilesAt, int positionsAt, int slotsAt,
    int tableAt, int tableWidth, int pageShift, int headsKv, int ratio, int headsInTile, float scale, int window,
    float cap, int splits HEAD_ARGS) {
  SHARED float qs[MOST_K * LANES_Q];
  SHARED float scores[ITEMS * LANES_Q];
  SHARED float red[ITEMS];
  SHARED float red2[ITEMS];
  SHARED float top[LANES_Q];
  SHARED float newTop[LANES_Q];
  SHARED float total[LANES_Q];
  SHARED float factor[LANES_Q];
  int id = LOCAL_ID(0);
  int lane = id % LANES_Q;
  int sub = id / LANES_Q;
  int first = step[tilesAt + 2 * GROUP_ID(0)];
  int tokens = step[tilesAt + 2 * GROUP_ID(0) + 1];
  int parts = (ratio + headsInTile - 1) / headsInTile;
  int headKv = GROUP_ID(1) / parts;
  int part = GROUP_ID(1) % parts;
  int heads = headsKv * ratio;
  int pageMask = (1 << pageShift) - 1;
  int position = step[positionsAt + first];
  GLOBAL const int *table = step + tableAt + step[slotsAt + first] * tableWidth;

  // Lane l is token l / headsInTile, head l % headsInTile of the part.
  int laneToken = lane / headsInTile;
  int laneValid = laneToken < tokens && part * headsInTile + lane % headsInTile < ratio;
  int laneEnd = laneValid ? position + laneToken + 1 : 0;
  int laneBegin = window > 0 && laneEnd > window ? laneEnd - window : 0;
  for (int i = id; i < DIM_K * LANES_Q; i += ITEMS) {
    int l = i % LANES_Q;
    int token = l / headsInTile;
    int head = part * headsInTile + l % headsInTile;
    qs[i] = token < tokens && head < ratio
        ? scale * q[((ulong) (first + token) * heads + headKv * ratio + head) * DIM_K + i / LANES_Q]
        : 0.0f;
  }
  if (id < LANES_Q) {
    top[id] = LOWEST;
    total[id] = 0.0f;
  }
  floatq acc[OUTS];
  UNROLL for (int o = 0; o < OUTS; o++) {
    acc[o] = SPLATQ(0.0f);
  }
  int begin = window > 0 && position + 1 > window ? position + 1 - window : 0;
  int end = position + tokens;
  int each = ((end - begin + splits - 1) / splits + ITEMS - 1) / ITEMS * ITEMS;
  begin += GROUP_ID(2) * each;
  end = end < begin + each ? end : begin + each;
  BARRIER();

  for (int from = begin; from < end; from += ITEMS) {
    int mine = from + id;
    if (mine < end) {
      ulong row = ((ulong) (table[mine >> pageShift] * headsKv + headKv) << pageShift) + (mine & pageMask);
      GLOBAL const uchar *key = keys + row * KEY_BYTES;
      floatq sum = SPLATQ(0.0f);
      for (int c = 0; c < DIM_K / 16; c++) {
        float k[16];
        unpack16(k, KEY_PIECE(key, c));
        UNROLL_ON_CARDS for (int i = 0; i < 16; i++) {
          sum = FMAQ(LOADQ(qs + (c * 16 + i) * LANES_Q), k[i], sum);
        }
      }
      STOREQ(scores + id * LANES_Q, sum);
    }
    BARRIER();
    int count = end - from < ITEMS ? end - from : ITEMS;
    float greatest = LOWEST;
    for (int j = sub; j < count; j += SUBS) {
      float s = scores[j * LANES_Q + lane];
      if (cap > 0.0f) {
        s = cap * TANH(s / cap);
      }
      s = from + j < laneEnd && from + j >= laneBegin ? s : LOWEST;
      scores[j * LANES_Q + lane] = s;
      greatest = MAX(greatest, s);
    }
    red[id] = greatest;
    BARRIER();
    greatest = top[lane];
    for (int i = 0; i < SUBS; i++) {
      greatest = MAX(greatest, red[i * LANES_Q + lane]);
    }
    float sum = 0.0f;
    for (int j = sub; j < count; j += SUBS) {
      float s = scores[j * LANES_Q + lane];
      s = s == LOWEST ? 0.0f : EXP(s - greatest);
      scores[j * LANES_Q + lane] = s;
      sum += s;
    }
    red2[id] = sum;
    if (sub == 0) {
      factor[lane] = EXP(top[lane] - greatest);
      newTop[lane] = greatest;
    }
    BARRIER();
    if (id < LANES_Q) {
      float t = total[id] * factor[id];
      for (int i = 0; i < SUBS; i++) {
        t += red2[i * LANES_Q + id];
      }
      total[id] = t;
      top[id] = newTop[id];
    }
    UNROLL for (int o = 0; o < OUTS; o++) {
      acc[o] = acc[o] * LOADQ(factor);
    }
    for (int j = 0; j < count; j++) {
      int at = from + j;
      ulong row = ((ulong) (table[at >> pageShift] * headsKv + headKv) << pageShift) + (at & pageMask);
      GLOBAL const uchar *value = values + row * VALUE_BYTES;
      floatq p = LOADQ(scores + j * LANES_Q);
      UNROLL for (int o = 0; o < OUTS; o++) {
        int d = o * ITEMS + id;
        if (d < DIM_V) {
          acc[o] = FMAQ(p, VALUE_AT(value, d), acc[o]);
        }
      }
    }
    BARRIER();
  }

  UNROLL_ON_CARDS for (int o = 0; o < OUTS; o++) {
    int d = o * ITEMS + id;
    float t[LANES_Q];
    STOREQ(t, acc[o]);
    if (d < DIM_V) {
      UNROLL_ON_CARDS for (int l = 0; l < LANES_Q; l++) {
        int token = l / headsInTile;
        int head = part * headsInTile + l % headsInTile;
        if (token < tokens && head < ratio) {
          ulong row = (ulong) (first + token) * heads + headKv * ratio + head;
          if (splits == 1) {
            out[row * DIM_V + d] = t[l] / total[l];
          } else {
            GLOBAL float *to = partial + (row * splits + GROUP_ID(2)) * (DIM_V + 2);
            to[d] = t[l];
            if (d == 0) {
              to[DIM_V] = top[l];
              to[DIM_V + 1] = total[l];
            }
          }
        }
      }
    }
  }
}

#undef SUBS
