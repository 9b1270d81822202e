package dev.lamina.cpu.kernel;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.cpu.attention.AttentionCode;
import dev.lamina.cpu.attention.TileAttentionCode;
import dev.lamina.cpu.simd.Simd;

/**
 * One unit of {@link CodeAttentionKernel} with many query rows on the tiles of AMX. Keys and values
 * of a tile of positions are split once for all rows; then the rows go by in blocks, of which three
 * are under way at a time: the scores of one are computed and the values of another added up while
 * a softmax is taken of the one between.
 */
final class TileAttention {
  private static final int ROWS = TileAttentionCode.ROWS;
  private static final int POSITIONS = TileAttentionCode.POSITIONS;
  private static final int GROUP = TileAttentionCode.GROUP;
  private static final int BLOCK = TileAttentionCode.POSITION_BLOCK;

  /** Values of all query rows of a unit. */
  private static final int MOST_VALUES = 65536;

  private static final int MOST_ROWS = 512;
  private static final int LEAST_ROWS = 96;

  private final KvMemory memory;
  private final KvSpec kv;
  private final int ratio;
  private final float scale;
  private final int window;
  private final float softCap;
  private final int mostRows;
  private final TileAttentionCode code;

  /**
   * @param mostRows of a unit
   */
  TileAttention(Op.Attention op, KvMemory memory, int mostRows) {
    this.memory = memory;
    this.kv = op.kv();
    this.ratio = op.nHead() / kv.nHeadKv();
    this.scale = op.scale();
    this.window = op.window();
    this.softCap = (float) (op.softCap() * TileAttentionCode.LOG2_E);
    this.mostRows = mostRows;
    this.code = new TileAttentionCode(kv, memory.pageSize());
  }

  /** Rows that a unit should have at most: so many that their sums stay in the cache. */
  static int mostRows(KvSpec kv) {
    return Math.clamp(MOST_VALUES / Math.max(kv.headDimK(), kv.headDimV()), LEAST_ROWS, MOST_ROWS);
  }

  /**
   * What a unit attends to.
   *
   * @param pages of the sequence
   * @param head of keys and values
   * @param position of the first row's token
   * @param from the first position that any row sees
   * @param end the one behind the last
   * @param rows how many
   * @param queries address of the first row's query; the rows of a token lie one behind the other
   * @param stride bytes from token to token of them
   */
  record Unit(
      int[] pages,
      int head,
      int position,
      int from,
      int end,
      int rows,
      long queries,
      long stride) {}

  /** Where things lie in a thread's scratch memory. */
  private record Scratch(
      long call,
      long list,
      long limits,
      long bounds,
      long greatest,
      long totals,
      long state,
      long zeros,
      long lowRows,
      long highRows,
      long scores,
      long weights,
      long keys,
      long values,
      long queries,
      long sums,
      long end) {}

  private int blocks(int rows) {
    return (rows + ROWS - 1) / ROWS;
  }

  private Scratch scratch(long base) {
    long rows = (long) blocks(mostRows) * ROWS;
    long list = base + AttentionCode.CALL_SCRATCH;
    long limits = list + code.listBytes();
    long bounds = limits + ROWS * TileAttentionCode.LIMIT_BYTES;
    long greatest = bounds + 3 * 4 * POSITIONS;
    long totals = greatest + 4 * rows;
    long state = totals + rows * TileAttentionCode.TOTAL_BYTES;
    long partBytes = (GROUP * kv.typeV().rowBytes(kv.headDimV()) + 64) & -64;
    long zeros = state + rows * AttentionCode.STATE_BYTES;
    long scores = zeros + 3 * partBytes;
    long weights = scores + 2 * TileAttentionCode.SCORE_BYTES;
    long keys = weights + 2 * TileAttentionCode.WEIGHT_BYTES;
    long values = keys + code.keyBytes();
    long queries = values + code.valueBytes();
    long sums = queries + blocks(mostRows) * code.queryBytes();
    return new Scratch(
        base,
        list,
        limits,
        bounds,
        greatest,
        totals,
        state,
        zeros,
        zeros + partBytes,
        zeros + 2 * partBytes,
        scores,
        weights,
        keys,
        values,
        queries,
        sums,
        sums + 4 * rows * kv.headDimV());
  }

  long scratchBytes() {
    return scratch(0).end;
  }

  /** Where {@link #attend} leaves the sums of values of all rows. */
  long sums(long base) {
    return scratch(base).sums;
  }

  /** Where it leaves their states, of which only the sums of weights are right. */
  long state(long base) {
    return scratch(base).state;
  }

  /** Attends to all positions of a unit. */
  void attend(Unit unit, long base) {
    Scratch at = scratch(base);
    begin(unit, at);
    code.begin();
    for (int begin = unit.from & -GROUP; begin < unit.end; begin += POSITIONS) {
      load(unit, begin, at);
      tile(unit, begin, at);
    }
    code.end();
    code.totals(at.totals, unit.rows, at.state, at.call);
  }

  private void begin(Unit unit, Scratch at) {
    int blocks = blocks(unit.rows);
    Simd.zero(at.totals, (long) blocks * ROWS * TileAttentionCode.TOTAL_BYTES);
    Simd.zero(at.sums, 4L * blocks * ROWS * kv.headDimV());
    Simd.zero(at.zeros, at.lowRows - at.zeros);
    for (int r = 0; r < blocks * ROWS; r++) {
      Simd.storeFloat(at.greatest + 4L * r, -Float.MAX_VALUE);
    }
    for (int i = 0; i < 3 * POSITIONS; i++) {
      boolean seen = i / POSITIONS == 1;
      Simd.storeFloat(at.bounds + 4L * i, seen ? Float.POSITIVE_INFINITY : Float.NEGATIVE_INFINITY);
    }
    int token = 0;
    int row = 0;
    for (int b = 0; b < blocks; b++) {
      int rows = Math.min(ROWS, unit.rows - b * ROWS);
      for (int r = 0; r < rows; r++) {
        Simd.ALL.set(
            Simd.LONG,
            at.list + 8L * r,
            unit.queries + token * unit.stride + 4L * row * kv.headDimK());
        if (++row == ratio) {
          row = 0;
          token++;
        }
      }
      code.queries(at.list, rows, scale, at.queries + b * code.queryBytes(), at.call);
    }
  }

  /**
   * Splits the keys and values of a tile. Values that no row sees may be anything in the pages:
   * here they are zero, for their weights are.
   */
  private void load(Unit unit, int begin, Scratch at) {
    int to = Math.min(unit.end, begin + POSITIONS);
    int pageSize = memory.pageSize();
    for (int p = begin; p < to; p += GROUP) {
      code.keys(
          memory.keyHead(unit.pages[p / pageSize], unit.head),
          p % pageSize,
          (p - begin) / GROUP,
          memory.keyHead(unit.pages[next(unit, p) / pageSize], unit.head),
          at.keys,
          at.list,
          at.call);
    }
    for (int p = begin; p < to; p += BLOCK) {
      long low = values(unit, p, at.lowRows, at);
      long high = values(unit, p + GROUP, at.highRows, at);
      long ahead = values(unit, next(unit, p));
      code.values(low, high, (p - begin) / BLOCK, ahead, at.values, at.list, at.call);
    }
  }

  /** The position that is as far in the next tile, if there is one. */
  private static int next(Unit unit, int p) {
    return p + POSITIONS < unit.end ? p + POSITIONS : p;
  }

  /** The address of the values from a position on in its page. */
  private long values(Unit unit, int p) {
    int pageSize = memory.pageSize();
    return memory.valueHead(unit.pages[p / pageSize], unit.head)
        + p % pageSize * kv.typeV().rowBytes(kv.headDimV());
  }

  /** The address of a group's values, copied to {@code copy} where not all of them are seen. */
  private long values(Unit unit, int p, long copy, Scratch at) {
    int low = Math.max(p, unit.from);
    int high = Math.min(p + GROUP, unit.end);
    if (low >= high) {
      return at.zeros;
    }
    long first = values(unit, p);
    long rowBytes = kv.typeV().rowBytes(kv.headDimV());
    if (high - low == GROUP) {
      return first;
    }
    Simd.zero(copy, GROUP * rowBytes);
    Simd.copy(first + (low - p) * rowBytes, copy + (low - p) * rowBytes, (high - low) * rowBytes);
    return copy;
  }

  /** The number of positions from {@code begin} on up to the last that a token sees. */
  private static int high(Unit unit, int token, int begin) {
    return unit.position + token + 1 - begin;
  }

  /** The number of positions from {@code begin} on before the first that a token sees. */
  private int low(Unit unit, int token, int begin) {
    int first = window > 0 ? unit.position + token - window + 1 : 0;
    return Math.max(unit.from, first) - begin;
  }

  /** Blocks of positions from {@code begin} on that a block's rows see. */
  private int seen(Unit unit, int block, int begin) {
    int last = Math.min(unit.rows, (block + 1) * ROWS) - 1;
    int high = Math.min(POSITIONS, high(unit, last / ratio, begin));
    return low(unit, block * ROWS / ratio, begin) >= high ? 0 : (high + BLOCK - 1) / BLOCK;
  }

  /** All blocks of rows with a tile of positions. */
  private void tile(Unit unit, int begin, Scratch at) {
    int count = blocks(unit.rows);
    int first = 0;
    while (first < count && seen(unit, first, begin) == 0) {
      first++;
    }
    int before = 0;
    int now = first < count ? seen(unit, first, begin) : 0;
    if (now > 0) {
      score(first, now, 0, false, at);
    }
    for (int b = first; now > 0; b++) {
      int next = b + 1 < count ? seen(unit, b + 1, begin) : 0;
      boolean limited = limit(unit, b, begin, now, at);
      code.beginSoftmax(
          scores(b, at),
          weights(b, at),
          at.greatest + 4L * b * ROWS,
          at.totals + (long) b * ROWS * TileAttentionCode.TOTAL_BYTES,
          sums(b, at),
          at.limits,
          at.call);
      int done = 0;
      if (next > 0) {
        done = score(b + 1, next, now, limited, at);
      }
      if (before > 0) {
        done += mix(b - 1, before, now, limited, at);
      }
      if (done < ROWS) {
        code.softmax(now, limited, ROWS - done, at.call);
      }
      before = now;
      now = next;
      if (next == 0) {
        mix(b, before, 0, false, at);
      }
    }
  }

  private long scores(int block, Scratch at) {
    return at.scores + block % 2 * TileAttentionCode.SCORE_BYTES;
  }

  private long weights(int block, Scratch at) {
    return at.weights + block % 2 * TileAttentionCode.WEIGHT_BYTES;
  }

  private long sums(int block, Scratch at) {
    return at.sums + 4L * block * ROWS * kv.headDimV();
  }

  private int score(int block, int blocks, int softmaxBlocks, boolean limited, Scratch at) {
    int done =
        code.score(
            at.queries + block * code.queryBytes(),
            at.keys,
            blocks,
            scores(block, at),
            softmaxBlocks,
            limited,
            at.call);
    if (softCap > 0) {
      CodeAttentionKernel.cap(
          scores(block, at), TileAttentionCode.SCORE_STRIDE, ROWS, blocks * BLOCK, softCap);
    }
    return done;
  }

  private int mix(int block, int blocks, int softmaxBlocks, boolean limited, Scratch at) {
    return code.mix(
        weights(block, at), at.values, blocks, sums(block, at), softmaxBlocks, limited, at.call);
  }

  /** Says what a block's rows see of a tile, where that is not all; returns whether it is not. */
  private boolean limit(Unit unit, int block, int begin, int blocks, Scratch at) {
    int first = block * ROWS;
    int last = Math.min(unit.rows, first + ROWS) - 1;
    if (high(unit, first / ratio, begin) >= blocks * BLOCK && low(unit, last / ratio, begin) <= 0) {
      return false;
    }
    int token = first / ratio;
    int left = ratio - first % ratio;
    int high = 0;
    int low = 0;
    for (int r = 0; r < ROWS; r++) {
      if (r == 0 || left == 0) {
        left = r == 0 ? left : ratio;
        high = Math.clamp(high(unit, token, begin), 0, POSITIONS);
        low = Math.clamp(low(unit, token, begin), 0, POSITIONS);
        token++;
      }
      left--;
      long limits = at.limits + (long) r * TileAttentionCode.LIMIT_BYTES;
      Simd.ALL.set(Simd.LONG, limits, at.bounds + 4L * (2 * POSITIONS - high));
      Simd.ALL.set(Simd.LONG, limits + 8, at.bounds + 4L * (POSITIONS - low));
    }
    return true;
  }
}
