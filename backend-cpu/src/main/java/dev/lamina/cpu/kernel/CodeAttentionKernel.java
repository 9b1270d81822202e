package dev.lamina.cpu.kernel;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.backend.Step;
import dev.lamina.cpu.attention.AttentionCode;
import dev.lamina.cpu.attention.TileAttentionCode;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.simd.Functions;
import dev.lamina.cpu.simd.Simd;

/**
 * Causal attention by machine code, with a running softmax as in {@link AttentionKernel}. A unit is
 * one key-value head for an item of {@link AttentionShares}; its query rows are the item's tokens
 * times the query heads that share the key-value head, so that keys and values are read once for
 * all of them. Whoever finishes the last part of a run puts its parts together.
 */
public final class CodeAttentionKernel extends Kernel {
  /** Query rows of a unit, about. */
  private static final int QUERY_ROWS = 96;

  /** From so many rows on, pages are converted to float32 once for all. */
  private static final int CONVERT_ROWS = 13;

  /** From so many rows on, the tiles of AMX are used: two blocks of rows. */
  private static final int TILE_ROWS = 64;

  /** From so many positions on: fewer leave most of what a tile of positions takes unused. */
  private static final int TILE_POSITIONS = TileAttentionCode.POSITIONS;

  /** Positions taken at a time by many rows: what is converted stays in the second-level cache. */
  private static final int TILE = 256;

  private final KvMemory memory;
  private final KvSpec kv;
  private final int ratio;
  private final float scale;
  private final int window;
  private final float softCap;
  private final Place q;
  private final Place out;
  private final AttentionParts parts;
  private final AttentionCode direct;
  private final AttentionCode converted;

  /** Takes units of many rows; null where the processor has no tiles. */
  private final TileAttention tiles;

  private final AttentionShares shares;
  private final int rows;
  private final long sumStride;
  private final int pageSize;
  private int items;

  /**
   * @param partials {@link #partialBytes} of memory that lives as long as {@code out} is written
   */
  public CodeAttentionKernel(
      Isa isa, Op.Attention op, KvMemory memory, Place q, Place out, Place partials) {
    this.memory = memory;
    this.kv = op.kv();
    this.ratio = op.nHead() / kv.nHeadKv();
    this.scale = op.scale();
    this.window = op.window();
    this.softCap = op.softCap();
    this.q = q;
    this.out = out;
    this.parts = new AttentionParts(op, partials);
    this.pageSize = memory.pageSize();
    this.direct = AttentionCode.of(isa, kv, pageSize);
    this.converted = direct.converted(kv);
    int tokens = Math.max(1, QUERY_ROWS / ratio);
    int most = tokens;
    if (TileAttentionCode.covers(isa, kv, pageSize)) {
      most = Math.max(tokens, TileAttention.mostRows(kv) / ratio);
      this.tiles = new TileAttention(op, memory, most * ratio);
    } else {
      this.tiles = null;
    }
    this.rows = Math.max(TILE_ROWS - 1, tokens * ratio);
    this.shares =
        new AttentionShares(
            kv.nHeadKv(),
            window,
            pageSize,
            tokens,
            most,
            TILE_POSITIONS,
            Math.max(1, AttentionParts.ROWS / ratio));
    this.sumStride = AttentionCode.sumStride(kv.headDimV());
  }

  /** Whether there is code for an op's pages. */
  public static boolean covers(Isa isa, Op.Attention op, int pageSize) {
    return AttentionCode.covers(isa, op.kv(), pageSize);
  }

  /** Bytes of memory for what parts leave. */
  public static long partialBytes(Op.Attention op) {
    return AttentionParts.bytes(op);
  }

  @Override
  public int plan(StepState state) {
    items = shares.plan(state.step(), state.workers());
    for (int i = 0; i < items; i++) {
      if (shares.parts(i) > 1 && shares.part(i) == 0) {
        for (int head = 0; head < kv.nHeadKv(); head++) {
          parts.begin(shares.slot(i, head), shares.parts(i));
        }
      }
    }
    return items * kv.nHeadKv();
  }

  /** Where things lie in a thread's scratch memory. */
  private record Scratch(
      long call,
      long keyPages,
      long valuePages,
      long queries,
      long state,
      long sums,
      long scores,
      long keys,
      long values,
      long end) {}

  private Scratch scratch(long base) {
    int pages = AttentionCode.MOST_POSITIONS / pageSize + 1 + AttentionCode.AHEAD;
    long keyPages = base + AttentionCode.CALL_SCRATCH;
    long valuePages = keyPages + (8L * pages + 63 & -64);
    long queries = valuePages + (16L * pages + 63 & -64);
    long state = queries + (4L * rows * kv.headDimK() + 63 & -64);
    long sums = state + (long) rows * AttentionCode.STATE_BYTES;
    sums = sums + 63 & -64;
    long scores = sums + rows * sumStride;
    long keys = scores + (long) rows * AttentionCode.STRIDE;
    long values = keys + 4L * TILE * kv.headDimK();
    return new Scratch(
        base,
        keyPages,
        valuePages,
        queries,
        state,
        sums,
        scores,
        keys,
        values,
        values + 4L * TILE * kv.headDimV());
  }

  @Override
  public long scratchBytes() {
    long direct = scratch(0).end();
    return tiles == null ? direct : Math.max(direct, tiles.scratchBytes());
  }

  @Override
  public void run(StepState state, int unit, long base) {
    int item = unit / kv.nHeadKv();
    int head = unit % kv.nHeadKv();
    Step step = state.step();
    int first = shares.firstToken(item);
    int m = (shares.endToken(item) - first) * ratio;
    boolean whole = shares.parts(item) == 1;
    if (tiles != null && whole && m >= TILE_ROWS && shares.to(item) >= TILE_POSITIONS) {
      attendTiles(step, item, head, m, base);
      return;
    }
    Scratch at = scratch(base);
    gather(first, m, head, at.queries);
    Simd.zero(at.sums, m * sumStride);
    for (int r = 0; r < m; r++) {
      AttentionCode.begin(at.state + (long) r * AttentionCode.STATE_BYTES);
    }
    attend(step, item, head, m, at);
    if (whole) {
      scatter(first, m, head, at.sums, at.state, at.call);
      return;
    }
    long run =
        parts.leave(
            shares.slot(item, head), shares.part(item), shares.parts(item), m, at.sums, at.state);
    if (run != 0) {
      scatter(first, m, head, run, run + m * sumStride, at.call);
    }
  }

  private void attendTiles(Step step, int item, int head, int m, long base) {
    int first = shares.firstToken(item);
    long bytes = 4L * ratio * kv.headDimK();
    TileAttention.Unit unit =
        new TileAttention.Unit(
            step.pageTable()[kv.group()][step.slots()[first]],
            head,
            step.positions()[first],
            shares.from(item),
            shares.to(item),
            m,
            q.address() + ((long) first * kv.nHeadKv() + head) * bytes,
            kv.nHeadKv() * bytes);
    tiles.attend(unit, base);
    scatter(first, m, head, tiles.sums(base), tiles.state(base), base);
  }

  /** Rows of group {@code g} of {@code groups}: all nearly alike. */
  private static int groupBegin(int m, int groups, int g) {
    return (int) ((long) m * g / groups);
  }

  private int groups(int m) {
    return (m + direct.mostRows() - 1) / direct.mostRows();
  }

  private void attend(Step step, int item, int head, int m, Scratch at) {
    int first = shares.firstToken(item);
    int position = step.positions()[first];
    int[] pages = step.pageTable()[kv.group()][step.slots()[first]];
    int from = shares.from(item);
    int end = shares.to(item);
    boolean many = m >= CONVERT_ROWS;
    AttentionCode code = many ? converted : direct;
    int tile = Math.max(pageSize, many ? TILE : AttentionCode.MOST_POSITIONS);
    int groups = groups(m);
    for (int begin = from / pageSize * pageSize; begin < end; begin += tile) {
      int to = Math.min(end, begin + tile);
      int low = Math.max(begin, from);
      int count = pages(pages, head, begin, low, to, many, at);
      ahead(step, item, head, begin, count, many, at);
      for (int g = 0; g < groups; g++) {
        int row = groupBegin(m, groups, g);
        code.score(
            groupBegin(m, groups, g + 1) - row,
            at.keyPages,
            count,
            at.queries + 4L * row * kv.headDimK(),
            scale,
            at.scores + (long) row * AttentionCode.STRIDE,
            at.call);
      }
      int padded =
          (to - begin + AttentionCode.GROUP - 1) / AttentionCode.GROUP * AttentionCode.GROUP;
      if (softCap > 0) {
        cap(at.scores, AttentionCode.STRIDE, m, padded, softCap);
      }
      hide(at.scores, m, position, begin, low, to, padded);
      code.softmax(at.scores, m, padded, at.state, at.call);
      for (int g = 0; g < groups; g++) {
        int row = groupBegin(m, groups, g);
        code.mix(
            groupBegin(m, groups, g + 1) - row,
            at.valuePages,
            count,
            at.scores + (long) row * AttentionCode.STRIDE + 4L * (low - begin),
            at.sums + row * sumStride,
            at.state + (long) row * AttentionCode.STATE_BYTES,
            at.call);
      }
    }
  }

  /**
   * Lists the pages of a tile, converted where many rows use them.
   *
   * @param low the first position whose value counts
   * @return how many they are
   */
  private int pages(int[] pages, int head, int begin, int low, int to, boolean many, Scratch at) {
    boolean keys = many && direct.convertsKeys();
    boolean values = many && direct.convertsValues();
    int count = 0;
    for (int p = begin; p < to; p += pageSize, count++) {
      int page = pages[p / pageSize];
      long k = memory.keyHead(page, head);
      long v = memory.valueHead(page, head);
      long rowBytes = kv.typeV().rowBytes(kv.headDimV());
      if (keys) {
        long copy = at.keys + 4L * (p - begin) * kv.headDimK();
        direct.convertKeys(k, copy, at.call);
        k = copy;
      }
      if (values) {
        long copy = at.values + 4L * (p - begin) * kv.headDimV();
        direct.convertValues(v, copy, at.call);
        v = copy;
        rowBytes = 4L * kv.headDimV();
      }
      int skip = Math.max(0, low - p);
      Simd.ALL.set(Simd.LONG, at.keyPages + 8L * count, k);
      Simd.ALL.set(Simd.LONG, at.valuePages + 16L * count, v + skip * rowBytes);
      Simd.ALL.set(
          Simd.LONG, at.valuePages + 16L * count + 8, Math.min(pageSize, to - p) - (long) skip);
    }
    return count;
  }

  /**
   * Lists behind a tile's pages what memory is asked for while they are in work: the values behind
   * the keys, and behind the values the keys that come next.
   */
  private void ahead(
      Step step, int item, int head, int begin, int count, boolean many, Scratch at) {
    for (int i = 0; i < AttentionCode.AHEAD; i++) {
      long value = at.valuePages + 16L * Math.min(i, count - 1);
      long key = many ? at.scores : keys(step, item, head, begin + (count + i) * pageSize, at);
      Simd.ALL.set(Simd.LONG, at.keyPages + 8L * (count + i), Simd.ALL.get(Simd.LONG, value));
      Simd.ALL.set(Simd.LONG, at.valuePages + 16L * (count + i), key);
    }
  }

  /** The page of keys at a position; behind the item's last one those of the next unit. */
  private long keys(Step step, int item, int head, int position, Scratch at) {
    int end = shares.to(item);
    if (position >= end) {
      int unit = item * kv.nHeadKv() + head + 1;
      int next = unit / kv.nHeadKv();
      int behind = (position - end) / pageSize * pageSize;
      if (next == items || shares.from(next) + behind >= shares.to(next)) {
        return at.scores;
      }
      return keys(step, next, unit % kv.nHeadKv(), shares.from(next) + behind, at);
    }
    int[] pages = step.pageTable()[kv.group()][step.slots()[shares.firstToken(item)]];
    return memory.keyHead(pages[position / pageSize], head);
  }

  /** Copies the query rows: a token's lie one behind the other. */
  private void gather(int first, int m, int head, long queries) {
    long bytes = 4L * ratio * kv.headDimK();
    for (int t = 0; t < m / ratio; t++) {
      Simd.copy(
          q.address() + ((long) (first + t) * kv.nHeadKv() + head) * bytes,
          queries + t * bytes,
          bytes);
    }
  }

  /** Caps the first {@code n} scores of some rows, rounded up to whole vectors. */
  static void cap(long scores, long stride, int rows, int n, float softCap) {
    for (int r = 0; r < rows; r++) {
      long row = scores + r * stride;
      for (int i = 0; i < n; i += Simd.LANES) {
        long x = row + 4L * i;
        Simd.store(Functions.tanh(Simd.load(x).div(softCap)).mul(softCap), x);
      }
    }
  }

  /** Gives the positions that a row does not see the score that has no weight. */
  private void hide(long scores, int m, int position, int begin, int low, int to, int padded) {
    for (int r = 0; r < m; r++) {
      int seen = position + r / ratio;
      int from = window > 0 ? Math.max(low, seen - window + 1) : low;
      int high = Math.min(to, seen + 1);
      long row = scores + (long) r * AttentionCode.STRIDE;
      fill(row, 0, Math.min(from - begin, padded));
      fill(row, Math.max(0, high - begin), padded);
    }
  }

  private static void fill(long row, int from, int to) {
    for (int i = from; i < to; i++) {
      Simd.storeFloat(row + 4L * i, Float.NEGATIVE_INFINITY);
    }
  }

  private void scatter(int first, int m, int head, long sums, long state, long call) {
    long bytes = 4L * ratio * kv.headDimV();
    for (int t = 0; t < m / ratio; t++) {
      direct.finish(
          sums + t * ratio * sumStride,
          state + (long) t * ratio * AttentionCode.STATE_BYTES,
          ratio,
          out.address() + ((long) (first + t) * kv.nHeadKv() + head) * bytes,
          call);
    }
  }
}
