// Flash attention over pages (Dao et al., "FlashAttention-2"): a workgroup holds up to ROWS query
// vectors, of tokens that follow each other in one sequence and of heads that read the same keys,
// and walks over COLUMNS positions at a time. Long sequences are split over several workgroups,
// whose results attention_join.comp brings together.
#version 460
#include "common.glsl"
#include "pages.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
layout(constant_id = 1) const uint WIDTH_K = 64;
layout(constant_id = 2) const uint WIDTH_V = 64;
layout(constant_id = 3) const uint TYPE_K = 1;
layout(constant_id = 4) const uint TYPE_V = 1;
layout(constant_id = 5) const uint PAGE = 16;
layout(constant_id = 6) const uint ROWS = 4;
layout(constant_id = 7) const uint COLUMNS = 32;
// Query heads of a tile; ROWS / HEADS is the most tokens that it has.
layout(constant_id = 8) const uint HEADS = 1;
// How invocations share the sums over values: each has a quad of columns, and of the rows every
// ROW_GROUPS-th, and of the positions every COLUMN_GROUPS-th; QUADS where a row has more quads
// than the workgroup invocations.
layout(constant_id = 9) const uint ROW_GROUPS = 1;
layout(constant_id = 10) const uint COLUMN_GROUPS = 1;
layout(constant_id = 11) const uint QUADS = 1;

layout(push_constant) uniform Arguments {
  Floats q;
  Floats y;
  // Sums of the splits, where there are several.
  Quads partial;
  Words keys;
  Words keyScales;
  Words values;
  Words valueScales;
  Words step_;
  uint tilesAt;
  uint positionsAt;
  uint slotsAt;
  uint pagesAt;
  uint pages;
  uint nHead;
  // Query heads that share a key-value head.
  uint ratio;
  uint window;
  float scale;
  float softCap;
} arguments;

#define SIZE gl_WorkGroupSize.x
const uint PADDED_K = (WIDTH_K + 15) / 16 * 16;
const uint PADDED_V = (WIDTH_V + 15) / 16 * 16;
const uint QUADS_K = PADDED_K / 4;
const uint QUADS_V = PADDED_V / 4;
// Columns of keys in shared memory at a time, in quads, and one more against bank conflicts.
const uint SLICE = 8;
const uint SLICE_STRIDE = 9;
const uint SCORE_STRIDE = COLUMNS + 1;
// Invocations that look for a row's greatest score.
const uint SEEKERS = 8;
// Less than any score; drivers may do without infinities.
const float LEAST = -3.0e38;

shared vec4 queries[ROWS * QUADS_K];
shared vec4 slice[COLUMNS * SLICE_STRIDE];
shared float scores[ROWS * SCORE_STRIDE];
shared uint rowOf[COLUMNS];
shared float found[ROWS * SEEKERS];
shared float top[ROWS];
shared float total[ROWS];
shared float shrink[ROWS];
shared vec4 gathered[SIZE];

vec4 quad(uint type, uint width, Words rows, Words scales, uint row, uint at) {
  switch (type) {
    case F32:
      return uintBitsToFloat(Words4(rows).v[row * (width / 4u) + at]);
    case F16: {
      uvec2 pair = Words2(rows).v[row * (width / 4u) + at];
      return vec4(unpackHalf2x16(pair.x), unpackHalf2x16(pair.y));
    }
    case BF16: {
      uvec2 pair = Words2(rows).v[row * (width / 4u) + at];
      return uintBitsToFloat(
          uvec4(pair.x << 16, pair.x & 0xffff0000u, pair.y << 16, pair.y & 0xffff0000u));
    }
    case Q8_0: {
      vec2 d = unpackHalf2x16(scales.v[row * scaleWords(Q8_0, width) + at / 16u]);
      return signedBytes(rows.v[row * (width / 4u) + at]) * ((at & 8u) == 0u ? d.x : d.y);
    }
    default: {
      vec2 d = unpackHalf2x16(scales.v[row * scaleWords(Q4_0, width) + at / 16u]);
      uint word = rows.v[row * (width / 8u) + at / 8u * 4u + (at & 3u)];
      vec4 q = bytes(((at & 4u) == 0u ? word : word >> 4) & 0x0f0f0f0fu);
      return (q - 8.0) * ((at & 8u) == 0u ? d.x : d.y);
    }
  }
}

void main() {
  uint me = gl_LocalInvocationID.x;
  uint tile = gl_WorkGroupID.x;
  if (tile >= arguments.step_.v[arguments.tilesAt]) {
    return;
  }
  uint first = arguments.step_.v[arguments.tilesAt + 1u + 2u * tile];
  uint tokens = arguments.step_.v[arguments.tilesAt + 2u + 2u * tile];
  uint headGroups = (arguments.ratio + HEADS - 1u) / HEADS;
  uint headKv = gl_WorkGroupID.y / headGroups;
  uint firstHead = gl_WorkGroupID.y % headGroups * HEADS;
  uint heads = min(HEADS, arguments.ratio - firstHead);
  uint headsKv = arguments.nHead / arguments.ratio;
  int position = int(arguments.step_.v[arguments.positionsAt + first]);
  uint table =
      arguments.pagesAt + arguments.step_.v[arguments.slotsAt + first] * arguments.pages;
  int window = int(arguments.window);
  int low = window > 0 ? max(0, position - window + 1) : 0;
  int high = position + int(tokens) - 1;
  uint chunks = (uint(high - low) + COLUMNS) / COLUMNS;
  uint each = (chunks + gl_NumWorkGroups.z - 1u) / gl_NumWorkGroups.z;
  uint firstChunk = gl_WorkGroupID.z * each;
  uint endChunk = min(chunks, firstChunk + each);

  for (uint i = me; i < ROWS * QUADS_K; i += SIZE) {
    uint r = i / QUADS_K;
    uint d = i % QUADS_K * 4u;
    vec4 q = vec4(0.0);
    if (r / HEADS < tokens && r % HEADS < heads) {
      uint head = headKv * arguments.ratio + firstHead + r % HEADS;
      uint from = ((first + r / HEADS) * arguments.nHead + head) * WIDTH_K;
      [[unroll]] for (uint e = 0; e < 4; e++) {
        if (d + e < WIDTH_K) {
          q[e] = arguments.q.v[from + d + e] * arguments.scale;
        }
      }
    }
    queries[i] = q;
  }
  for (uint r = me; r < ROWS; r += SIZE) {
    top[r] = LEAST;
    total[r] = 0.0;
  }
  uint myQuad = me % (SIZE / (ROW_GROUPS * COLUMN_GROUPS));
  uint myGroup = me / (SIZE / (ROW_GROUPS * COLUMN_GROUPS));
  uint myRow = myGroup % ROW_GROUPS;
  uint myColumn = myGroup / ROW_GROUPS;
  const uint MY_ROWS = ROWS / ROW_GROUPS;
  const uint LANES = SIZE / (ROW_GROUPS * COLUMN_GROUPS);
  vec4 sum[QUADS][MY_ROWS];
  [[unroll]] for (uint n = 0; n < QUADS; n++) {
    [[unroll]] for (uint r = 0; r < MY_ROWS; r++) {
      sum[n][r] = vec4(0.0);
    }
  }

  const uint MY_SCORES = ROWS * COLUMNS / SIZE;
  const uint SCORE_ROWS = SIZE / COLUMNS;
  uint column = me % COLUMNS;
  for (uint chunk = firstChunk; chunk < endChunk; chunk++) {
    int from = low + int(chunk * COLUMNS);
    barrier();
    for (uint c = me; c < COLUMNS; c += SIZE) {
      // Beyond the last position stands the last one, and does not count.
      uint p = uint(min(from + int(c), high));
      uint page = arguments.step_.v[table + p / PAGE];
      rowOf[c] = (page * headsKv + headKv) * PAGE + p % PAGE;
    }
    float score[MY_SCORES];
    [[unroll]] for (uint n = 0; n < MY_SCORES; n++) {
      score[n] = 0.0;
    }
    for (uint d = 0; d < QUADS_K; d += SLICE) {
      barrier();
      for (uint i = me; i < COLUMNS * SLICE; i += SIZE) {
        uint c = i / SLICE;
        uint at = d + i % SLICE;
        slice[c * SLICE_STRIDE + i % SLICE] = at < QUADS_K
            ? quad(TYPE_K, PADDED_K, arguments.keys, arguments.keyScales, rowOf[c], at)
            : vec4(0.0);
      }
      barrier();
      [[unroll]] for (uint k = 0; k < SLICE; k++) {
        if (d + k < QUADS_K) {
          vec4 key = slice[column * SLICE_STRIDE + k];
          [[unroll]] for (uint n = 0; n < MY_SCORES; n++) {
            uint r = me / COLUMNS + n * SCORE_ROWS;
            score[n] += dot(queries[r * QUADS_K + d + k], key);
          }
        }
      }
    }
    [[unroll]] for (uint n = 0; n < MY_SCORES; n++) {
      uint r = me / COLUMNS + n * SCORE_ROWS;
      int p = from + int(column);
      int mine = position + int(r / HEADS);
      float s = score[n];
      if (arguments.softCap > 0.0) {
        s = arguments.softCap * tanhOf(s / arguments.softCap);
      }
      bool seen = p <= mine && (window == 0 || p > mine - window) && r / HEADS < tokens;
      scores[r * SCORE_STRIDE + column] = seen ? s : LEAST;
    }
    barrier();
    uint seekRow = me / SEEKERS;
    uint seekFrom = seekRow * SCORE_STRIDE + me % SEEKERS;
    if (seekRow < ROWS) {
      float greatest = LEAST;
      for (uint c = 0; c < COLUMNS; c += SEEKERS) {
        greatest = max(greatest, scores[seekFrom + c]);
      }
      found[me] = greatest;
    }
    barrier();
    float before = LEAST;
    float now = LEAST;
    float part = 0.0;
    if (seekRow < ROWS) {
      before = top[seekRow];
      now = before;
      [[unroll]] for (uint n = 0; n < SEEKERS; n++) {
        now = max(now, found[seekRow * SEEKERS + n]);
      }
      for (uint c = 0; c < COLUMNS; c += SEEKERS) {
        float s = scores[seekFrom + c];
        float weight = s == LEAST ? 0.0 : exp(s - now);
        scores[seekFrom + c] = weight;
        part += weight;
      }
    }
    barrier();
    if (seekRow < ROWS) {
      found[me] = part;
    }
    barrier();
    if (seekRow < ROWS && me % SEEKERS == 0u) {
      float smaller = before == LEAST ? 0.0 : exp(before - now);
      float added = 0.0;
      [[unroll]] for (uint n = 0; n < SEEKERS; n++) {
        added += found[seekRow * SEEKERS + n];
      }
      top[seekRow] = now;
      total[seekRow] = total[seekRow] * smaller + added;
      shrink[seekRow] = smaller;
    }
    barrier();
    if (myColumn < COLUMN_GROUPS) {
      [[unroll]] for (uint n = 0; n < QUADS; n++) {
        uint at = myQuad + n * LANES;
        if (at < QUADS_V) {
          [[unroll]] for (uint r = 0; r < MY_ROWS; r++) {
            sum[n][r] *= shrink[myRow + r * ROW_GROUPS];
          }
          uint end = min(COLUMNS, uint(high - from) + 1u);
          for (uint c = myColumn; c < end; c += COLUMN_GROUPS) {
            vec4 v = quad(TYPE_V, PADDED_V, arguments.values, arguments.valueScales, rowOf[c], at);
            [[unroll]] for (uint r = 0; r < MY_ROWS; r++) {
              sum[n][r] += scores[(myRow + r * ROW_GROUPS) * SCORE_STRIDE + c] * v;
            }
          }
        }
      }
    }
  }

  barrier();
  [[unroll]] for (uint n = 0; n < QUADS; n++) {
    uint at = myQuad + n * LANES;
    [[unroll]] for (uint k = 0; k < MY_ROWS; k++) {
      vec4 all = sum[n][k];
      if (COLUMN_GROUPS > 1u) {
        gathered[me] = all;
        barrier();
        all = vec4(0.0);
        if (myColumn == 0u) {
          for (uint g = 0; g < COLUMN_GROUPS; g++) {
            all += gathered[me + g * ROW_GROUPS * LANES];
          }
        }
        barrier();
      }
      uint r = myRow + k * ROW_GROUPS;
      if (myColumn == 0u && at < QUADS_V && r / HEADS < tokens && r % HEADS < heads) {
        uint head = headKv * arguments.ratio + firstHead + r % HEADS;
        uint vector = (first + r / HEADS) * arguments.nHead + head;
        if (gl_NumWorkGroups.z == 1u) {
          all /= total[r];
          [[unroll]] for (uint e = 0; e < 4; e++) {
            if (at * 4u + e < WIDTH_V) {
              arguments.y.v[vector * WIDTH_V + at * 4u + e] = all[e];
            }
          }
        } else {
          uint to = (vector * gl_NumWorkGroups.z + gl_WorkGroupID.z) * (QUADS_V + 1u);
          arguments.partial.v[to + 1u + at] = all;
          if (at == 0u) {
            arguments.partial.v[to] = vec4(top[r], total[r], 0.0, 0.0);
          }
        }
      }
    }
  }
}
