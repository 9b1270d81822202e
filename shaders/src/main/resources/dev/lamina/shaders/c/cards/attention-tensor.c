// As kernel/attention, on matrix units, for heads of up to HEAD values in pages of TYPE_K and TYPE_V, which become float16 on
// the way. A group is 4 warps with the same 16 queries, of which a tile may leave some empty; each takes every fourth run of
// 16 keys, and in the end they put their results together. Keys and values go straight from their pages to the registers of
// the lanes that multiply them: which of a head's values a lane has is free as long as queries, or results, follow suit, and
// here each lane has 8 of them side by side.

#define WARPS 4
#define TOP_STEPS (HEAD / 32)
#define TILES_V (HEAD / 8)
#define LONG_HEADS (HEAD > 128)
// Groups that the registers of a multiprocessor suffice for. Where instructions take less at a time, more of what they take
// is alive, of pages of two types most.
#define ATTENTION_BLOCKS (LONG_HEADS || (TENSOR < 80 && HEAD > 64 && TYPE_K != TYPE_V) ? 2 : 3)

// Bytes as float16: 1024 and the byte is a number whose low bits the byte is.
DEVICE uint halvesOf(uint bytes, uint which) { return __byte_perm(bytes, 0x64646464u, which); }

// Four bytes at 2 and 2.
DEVICE uint bytes4(const uchar *p) { return *(const ushort *) p | (uint) *(const ushort *) (p + 2) << 16; }

// Values d to d + 7 of a head, d a multiple of 8, as float16; 0 from size on.
DEVICE void eightHalves(uint *w, int type, const uchar *head, int d, int size) {
  if (d >= size) {
    w[0] = w[1] = w[2] = w[3] = 0;
    return;
  }
  if (type == PAGES_F16) {
    words4(w, head + 2 * d);
    return;
  }
  bool nibbles = type == PAGES_Q4_0;
  const uchar *block = head + d / 32 * (nibbles ? 18 : 34);
  uint scale = *(const ushort *) block * 0x10001u;
  // 1024 and 8, or 1024 and 128.
  uint zero = nibbles ? 0x64086408u : 0x64806480u;
  UNROLL for (int i = 0; i < 2; i++) {
    uint four = bytes4(block + 2 + d % (nibbles ? 16 : 32) + 4 * i);
    four = nibbles ? four >> (d & 16) / 4 & 0x0f0f0f0fu : four ^ 0x80808080u;
    w[2 * i] = MULTIPLY_HALVES(SUBTRACT_HALVES(halvesOf(four, 0x4140), zero), scale);
    w[2 * i + 1] = MULTIPLY_HALVES(SUBTRACT_HALVES(halvesOf(four, 0x4342), zero), scale);
  }
}

// The greatest, or the sum, of the four lanes that have a row.
DEVICE float rowMost(float x) {
  x = MAX(x, SHUFFLE_XOR(x, 1));
  return MAX(x, SHUFFLE_XOR(x, 2));
}
DEVICE float rowSum(float x) {
  x += SHUFFLE_XOR(x, 1);
  return x + SHUFFLE_XOR(x, 2);
}

KERNEL_BLOCKS(32 * WARPS, 1, ATTENTION_BLOCKS) attentionTensor(const float *q, const uchar *keys, const uchar *values, const int *step,
    float *out, float *partial, int tilesAt, int positionsAt, int slotsAt, int tableAt, int tableWidth, int pageShift,
    int headsKv, int ratio, int headsInTile, float scale, int window, float cap, int splits, int headK, int headV, int typeK,
    int typeV, int bytesK, int bytesV) {
  SHARED float sums[16 * HEAD];
  SHARED float tops[WARPS * 16];
  SHARED float totals[WARPS * 16];
  int id = LOCAL_ID(0);
  int lane = id & 31;
  int warp = id >> 5;
  int g = lane >> 2;
  int t = lane & 3;
  int first = step[tilesAt + 2 * GROUP_ID(0)];
  int tokens = step[tilesAt + 2 * GROUP_ID(0) + 1];
  int parts = (ratio + headsInTile - 1) / headsInTile;
  int headKv = GROUP_ID(1) / parts;
  int part = GROUP_ID(1) % parts;
  int heads = headsKv * ratio;
  int pageMask = (1 << pageShift) - 1;
  int position = step[positionsAt + first];
  const int *table = step + tableAt + step[slotsAt + first] * tableWidth;

  // Of each lane two queries: rows g and g + 8. Long ones lie in shared memory, where each lane has its own; all warps put
  // the same there.
  uint queries[TOP_STEPS][2][4];
  int rowBegin[2];
  int rowEnd[2];
  UNROLL for (int i = 0; i < 2; i++) {
    int token = (g + 8 * i) / headsInTile;
    int head = part * headsInTile + (g + 8 * i) % headsInTile;
    bool valid = token < tokens && head < ratio;
    rowEnd[i] = valid ? position + token + 1 : 0;
    rowBegin[i] = window > 0 && rowEnd[i] > window ? rowEnd[i] - window : 0;
    const float *from = q + ((ulong) (first + token) * heads + headKv * ratio + head) * headK;
    UNROLL for (int s = 0; s < TOP_STEPS; s++) {
      UNROLL for (int h = 0; h < 2; h++) {
        int d = 32 * s + 8 * t + 4 * h;
        float4 x = valid && d < headK ? load4(from + d) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        queries[s][h][i] = PACK_HALVES(scale * x.x, scale * x.y);
        queries[s][h][2 + i] = PACK_HALVES(scale * x.z, scale * x.w);
      }
    }
  }
#if LONG_HEADS
  UNROLL for (int s = 0; s < 2 * TOP_STEPS; s++) {
    uint *to = (uint *) sums + (s * 32 + lane) * 4;
    const uint *from = queries[s / 2][s % 2];
    *(uint4 *) to = make_uint4(from[0], from[1], from[2], from[3]);
  }
#endif
  float acc[TILES_V][4];
  UNROLL for (int j = 0; j < TILES_V; j++) {
    UNROLL for (int i = 0; i < 4; i++) {
      acc[j][i] = 0.0f;
    }
  }
  float top[2] = {LOWEST, LOWEST};
  float total[2] = {0.0f, 0.0f};
  int begin = window > 0 && position + 1 > window ? position + 1 - window : 0;
  int end = position + tokens;
  int each = ((end - begin + splits - 1) / splits + 16 * WARPS - 1) / (16 * WARPS) * (16 * WARPS);
  begin += GROUP_ID(2) * each;
  end = end < begin + each ? end : begin + each;

  for (int from = begin + warp * 16; from < end; from += 16 * WARPS) {
    float s[2][4];
    UNROLL for (int n = 0; n < 2; n++) {
      UNROLL for (int i = 0; i < 4; i++) {
        s[n][i] = 0.0f;
      }
      // Keys that do not exist repeat the last one.
      int mine = from + 8 * n + g < end ? from + 8 * n + g : end - 1;
      const uchar *key =
          keys + (((ulong) (table[mine >> pageShift] * headsKv + headKv) << pageShift) + (mine & pageMask)) * bytesK;
      UNROLL for (int c = 0; c < TOP_STEPS; c++) {
        uint b[4];
        eightHalves(b, TYPE_K, key, 32 * c + 8 * t, headK);
        UNROLL for (int h = 0; h < 2; h++) {
#if LONG_HEADS
          uint a[4];
          sharedWords4(a, (const uint *) sums + ((2 * c + h) * 32 + lane) * 4);
          MULTIPLY_F16(s[n], a, b + 2 * h);
#else
          MULTIPLY_F16(s[n], queries[c][h], b + 2 * h);
#endif
        }
      }
    }
    float most[2] = {LOWEST, LOWEST};
    UNROLL for (int n = 0; n < 2; n++) {
      UNROLL for (int i = 0; i < 4; i++) {
        int key = from + 8 * n + 2 * t + i % 2;
        float x = cap > 0.0f ? cap * TANH(s[n][i] / cap) : s[n][i];
        s[n][i] = key < rowEnd[i / 2] && key >= rowBegin[i / 2] && key < end ? x : LOWEST;
        most[i / 2] = MAX(most[i / 2], s[n][i]);
      }
    }
    float factor[2];
    UNROLL for (int r = 0; r < 2; r++) {
      float next = MAX(top[r], rowMost(most[r]));
      factor[r] = EXP(top[r] - next);
      top[r] = next;
      total[r] *= factor[r];
    }
    UNROLL for (int n = 0; n < 2; n++) {
      UNROLL for (int i = 0; i < 4; i++) {
        s[n][i] = s[n][i] == LOWEST ? 0.0f : EXP(s[n][i] - top[i / 2]);
        total[i / 2] += s[n][i];
      }
    }
    uint a[4];
    UNROLL for (int i = 0; i < 4; i++) {
      a[i] = PACK_HALVES(s[i / 2][i % 2 * 2], s[i / 2][i % 2 * 2 + 1]);
    }
    UNROLL for (int j = 0; j < TILES_V; j++) {
      UNROLL for (int i = 0; i < 4; i++) {
        acc[j][i] *= factor[i / 2];
      }
    }
    const uchar *value[4];
    UNROLL for (int i = 0; i < 4; i++) {
      int at = from + i / 2 * 8 + 2 * t + i % 2;
      at = at < end ? at : end - 1;
      value[i] =
          values + (((ulong) (table[at >> pageShift] * headsKv + headKv) << pageShift) + (at & pageMask)) * bytesV;
    }
    UNROLL for (int c = 0; c < TILES_V / 8; c++) {
      uint v[4][4];
      UNROLL for (int i = 0; i < 4; i++) {
        eightHalves(v[i], TYPE_V, value[i], g * TILES_V + 8 * c, headV);
      }
      UNROLL for (int j = 0; j < 8; j++) {
        uint b[2];
        UNROLL for (int i = 0; i < 2; i++) {
          b[i] = PAIR_HALVES(v[2 * i][j / 2], v[2 * i + 1][j / 2], j % 2);
        }
        MULTIPLY_F16(acc[8 * c + j], a, b);
      }
    }
  }

  UNROLL for (int r = 0; r < 2; r++) {
    total[r] = rowSum(total[r]);
    if (t == 0) {
      tops[warp * 16 + g + 8 * r] = top[r];
      totals[warp * 16 + g + 8 * r] = total[r];
    }
  }
  BARRIER();
  float share[2];
  UNROLL for (int r = 0; r < 2; r++) {
    float most = LOWEST;
    UNROLL for (int w = 0; w < WARPS; w++) {
      most = MAX(most, tops[w * 16 + g + 8 * r]);
    }
    share[r] = EXP(top[r] - most);
  }
  for (int w = 0; w < WARPS; w++) {
    if (warp == w) {
      UNROLL for (int j = 0; j < TILES_V; j++) {
        UNROLL for (int i = 0; i < 4; i++) {
          float *to = sums + (g + i / 2 * 8) * HEAD + (2 * t + i % 2) * TILES_V + j;
          float x = acc[j][i] * share[i / 2];
          *to = w == 0 ? x : *to + x;
        }
      }
    }
    BARRIER();
  }
  for (int row = warp; row < 16; row += WARPS) {
    int token = row / headsInTile;
    int head = part * headsInTile + row % headsInTile;
    if (token >= tokens || head >= ratio) {
      continue;
    }
    float most = LOWEST;
    UNROLL for (int w = 0; w < WARPS; w++) {
      most = MAX(most, tops[w * 16 + row]);
    }
    float all = 0.0f;
    UNROLL for (int w = 0; w < WARPS; w++) {
      all += totals[w * 16 + row] * EXP(tops[w * 16 + row] - most);
    }
    ulong place = (ulong) (first + token) * heads + headKv * ratio + head;
    float *to = partial + (place * splits + GROUP_ID(2)) * (headV + 2);
    for (int d = lane; d < headV; d += 32) {
      if (splits == 1) {
        out[place * headV + d] = sums[row * HEAD + d] / all;
      } else {
        to[d] = sums[row * HEAD + d];
      }
    }
    if (splits > 1 && lane == 0) {
      to[headV] = most;
      to[headV + 1] = all;
    }
  }
}
