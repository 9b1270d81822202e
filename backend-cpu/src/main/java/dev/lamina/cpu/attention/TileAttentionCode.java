package dev.lamina.cpu.attention;

import dev.lamina.backend.KvSpec;
import dev.lamina.cpu.attention.TileStepCode.Products;
import dev.lamina.cpu.attention.TileStepCode.Softmax;
import dev.lamina.cpu.code.CodeCache;
import dev.lamina.cpu.code.CpuId;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.NativeCode;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.ValueLayout;

/**
 * The functions for many query rows over one layer's pages on the tiles of AMX, as exact as float32
 * (see {@link TileProducts}): {@link #ROWS} rows and {@link #POSITIONS} positions at a time.
 * Addresses are raw; every call needs {@link AttentionCode#CALL_SCRATCH} bytes of scratch memory.
 *
 * <p>Scores are to the base 2: queries are multiplied with {@link #LOG2_E} besides their scale.
 */
public final class TileAttentionCode {
  /** Query rows of a block. */
  public static final int ROWS = TileProducts.BLOCK;

  /** Positions of a tile of keys and values. */
  public static final int POSITIONS = 128;

  /** Positions that are multiplied, and softened, as one. */
  public static final int POSITION_BLOCK = TileProducts.BLOCK;

  /** Neighbouring positions that must lie in one page. */
  public static final int GROUP = TileProducts.TILE;

  /** What turns scores to the base e into those to the base 2. */
  public static final double LOG2_E = 1.4426950408889634;

  /** Bytes of a block's scores, of its weights, and of a row of each. */
  public static final int SCORE_BYTES = ROWS * RowSoftmax.SCORE_STRIDE;

  public static final int SCORE_STRIDE = RowSoftmax.SCORE_STRIDE;

  private static final int BLOCKS = POSITIONS / POSITION_BLOCK;

  public static final int WEIGHT_BYTES =
      BLOCKS * TileProducts.ROW_SPLITS * TileProducts.NUMBER_BYTES;

  /** Bytes of a row's 16 sums of weights. */
  public static final int TOTAL_BYTES = 64;

  /** Bytes of a row's limits: the addresses of what its scores must not exceed. */
  public static final int LIMIT_BYTES = 16;

  /** Rows of a softmax in a step of scores, and at most of values, where both are done at once. */
  private static final int ROWS_IN_SCORES = 4;

  private static final int MOST_ROWS_IN_MIX = 8;

  private record Step(Products products, Softmax row, int rows) {}

  private record Rows(Softmax row) {}

  private record Pairs(GgmlType type, PairCode.Rows rows, int valid) {}

  private record Queries(int dim) {}

  private record Shapes(boolean begin) {}

  private record Totals() {}

  private final KvSpec kv;
  private final int pageSize;
  private final int keyBlocks;
  private final int valueBlocks;
  private final int keySplits;
  private final int valueSplits;
  private final int rowsInMix;
  private final long begin;
  private final long end;
  private final long queries;
  private final long totals;
  private final long keys;
  private final long lastKeys;
  private final long[] values = new long[2];
  private final long scores;
  private final long[] mixes = new long[BLOCKS + 1];
  private final long[] lastMixes = new long[BLOCKS + 1];

  /** By blocks of positions, twice: without limits and with. */
  private final long[] softmaxes = new long[2 * (BLOCKS + 1)];

  private final long[] scoresAndSoftmax = new long[2];
  private final long[] mixAndSoftmax = new long[2];

  /** The functions for a layer's pages. */
  public TileAttentionCode(KvSpec kv, int pageSize) {
    this.kv = kv;
    this.pageSize = pageSize;
    keyBlocks = blocks(kv.headDimK());
    valueBlocks = blocks(kv.headDimV());
    keySplits = PairCode.splits(kv.typeK());
    valueSplits = PairCode.splits(kv.typeV());
    rowsInMix = valueSteps() == 0 ? 0 : Math.min(MOST_ROWS_IN_MIX, ROWS / 2 / valueSteps());
    begin = CodeCache.function(new Shapes(true), TileStepCode::begin);
    end = CodeCache.function(new Shapes(false), TileStepCode::end);
    queries = CodeCache.function(new Queries(kv.headDimK()), () -> QueryCode.of(kv.headDimK()));
    totals = CodeCache.function(new Totals(), TileStepCode::totals);
    int left = kv.headDimK() % TileProducts.BLOCK;
    keys = pairs(kv.typeK(), PairCode.Rows.DIMENSIONS, TileProducts.BLOCK);
    lastKeys = left == 0 ? keys : pairs(kv.typeK(), PairCode.Rows.DIMENSIONS, left);
    values[0] = pairs(kv.typeV(), PairCode.Rows.FIRST_HALVES, TileProducts.BLOCK);
    values[1] = pairs(kv.typeV(), PairCode.Rows.SECOND_HALVES, TileProducts.BLOCK);
    Products score =
        new Products(
            keyBlocks, keySplits, 2, false, keyBlocks * keySplits * TileProducts.NUMBER_BYTES);
    scores = step(score, null, 0);
    for (int n = 1; n <= BLOCKS; n++) {
      mixes[n] = step(mix(n, 2), null, 0);
      lastMixes[n] = step(mix(n, 1), null, 0);
    }
    for (int limited = 0; limited < 2; limited++) {
      for (int n = 1; n <= BLOCKS; n++) {
        Softmax row = new Softmax(n, limited == 1, kv.headDimV());
        softmaxes[2 * n + limited] = CodeCache.function(new Rows(row), () -> TileStepCode.of(row));
      }
      Softmax row = new Softmax(BLOCKS, limited == 1, kv.headDimV());
      scoresAndSoftmax[limited] = step(score, row, ROWS_IN_SCORES);
      mixAndSoftmax[limited] = step(mix(BLOCKS, 2), row, rowsInMix);
    }
  }

  private Products mix(int blocks, int columnTiles) {
    return new Products(
        blocks, valueSplits, columnTiles, true, BLOCKS * valueSplits * TileProducts.NUMBER_BYTES);
  }

  private static long step(Products products, Softmax row, int rows) {
    return CodeCache.function(
        new Step(products, row, rows),
        () -> rows == 0 ? TileStepCode.of(products) : TileStepCode.of(products, row, rows));
  }

  private static long pairs(GgmlType type, PairCode.Rows rows, int valid) {
    // halves matter, and scales, where values share them
    PairCode.Rows which = type.blockSize() > 1 ? rows : PairCode.Rows.DIMENSIONS;
    return CodeCache.function(new Pairs(type, which, valid), () -> PairCode.of(type, which, valid));
  }

  private static int blocks(int dim) {
    return (dim + TileProducts.BLOCK - 1) / TileProducts.BLOCK;
  }

  /** Steps of values with two tiles of dimensions; one may be left. */
  private int valueSteps() {
    return kv.headDimV() / TileProducts.BLOCK;
  }

  /** Whether there are functions for such pages. */
  public static boolean covers(Isa isa, KvSpec kv, int pageSize) {
    return isa == Isa.AMX_INT8 && CpuId.read().amxBf16() && AttentionCode.covers(isa, kv, pageSize);
  }

  /** Bytes of a block's query tiles. */
  public long queryBytes() {
    return (long) keyBlocks * TileProducts.ROW_SPLITS * TileProducts.NUMBER_BYTES;
  }

  /** Bytes of the tiles of keys. */
  public long keyBytes() {
    return (long) BLOCKS * keyBlocks * keySplits * TileProducts.NUMBER_BYTES;
  }

  /** Bytes of the tiles of values. */
  public long valueBytes() {
    return (long) BLOCKS * valueBlocks * valueSplits * TileProducts.NUMBER_BYTES;
  }

  /** Bytes that {@link #keys} and {@link #values} work in. */
  public long listBytes() {
    return (long) PairCode.ENTRY_BYTES
        * Math.max(POSITIONS / GROUP * keyBlocks, 2 * BLOCKS * valueBlocks);
  }

  /** Gives the thread's tile registers their shapes: before any products. */
  public void begin() {
    NativeCode.call(begin, 0);
  }

  /** Gives the thread's tile registers back. */
  public void end() {
    NativeCode.call(end, 0);
  }

  /**
   * Makes the tiles of at most {@link #ROWS} queries.
   *
   * @param sources address of their addresses
   * @param scale what scores are multiplied with
   */
  public void queries(long sources, int rows, float scale, long target, long scratch) {
    put(scratch + QueryCode.SOURCES, sources);
    put(scratch + QueryCode.TARGET, target);
    put(scratch + QueryCode.ROWS, rows);
    NativeCode.ALL.set(ValueLayout.JAVA_FLOAT, scratch + QueryCode.SCALE, (float) (scale * LOG2_E));
    NativeCode.call(queries, scratch);
  }

  /**
   * Makes tiles of a group of positions' keys.
   *
   * @param page address of a head's keys in a page
   * @param offset of the group in the page
   * @param group the group's number in the tile
   * @param ahead address of a head's keys in the page that has the next tile's group, which are
   *     asked for
   * @param target address of the whole tile
   * @param list {@link #listBytes} to work in
   */
  public void keys(
      long page, int offset, int group, long ahead, long target, long list, long scratch) {
    GgmlType type = kv.typeK();
    boolean blocks = type.blockSize() > 1;
    long stride = blocks ? pageSize : (long) pageSize * type.blockBytes();
    long first = page + (blocks ? offset : (long) offset * type.blockBytes());
    if (blocks) {
      first += 2L * (kv.headDimK() / PageReader.BLOCK) * pageSize;
    }
    int lines = type == GgmlType.Q4_0 ? PageReader.BLOCK / 2 : PageReader.BLOCK;
    for (int b = 0; b < keyBlocks; b++) {
      long low = first + b * lines * stride;
      long entry = list + (long) b * PairCode.ENTRY_BYTES;
      put(entry + PairCode.LOW, low);
      put(entry + PairCode.HIGH, low + TileProducts.TILE * stride);
      put(
          entry + PairCode.TARGET,
          tile(target, (group / 2 * keyBlocks + b) * keySplits, group % 2));
      int part = offset / GROUP * keyBlocks + b;
      put(entry + PairCode.AHEAD, ahead + (long) part * PairCode.aheadBytes(type));
      put(entry + PairCode.SCALES, page + 2L * (b * pageSize + offset));
    }
    int whole = kv.headDimK() / TileProducts.BLOCK;
    convert(keys, list, whole, stride, scratch);
    convert(
        lastKeys, list + (long) whole * PairCode.ENTRY_BYTES, keyBlocks - whole, stride, scratch);
  }

  /**
   * Makes tiles of a block of positions' values.
   *
   * @param low address of a head's values at the first {@link #GROUP} positions
   * @param high address of those at the other ones
   * @param block the block's number in the tile
   * @param ahead address of the next tile's values at these positions, which are asked for
   * @param target address of the whole tile
   * @param list {@link #listBytes} to work in
   */
  public void values(
      long low, long high, int block, long ahead, long target, long list, long scratch) {
    GgmlType type = kv.typeV();
    int tiles = kv.headDimV() / TileProducts.TILE;
    for (int half = 0; half < 2; half++) {
      int count = 0;
      for (int t = half; t < tiles; t += 2) {
        long entry = list + (long) count++ * PairCode.ENTRY_BYTES;
        int dim = type.blockSize() > 1 ? t / 2 * PageReader.BLOCK : t * TileProducts.TILE;
        long at = type.rowBytes(dim);
        put(entry + PairCode.LOW, low + at);
        put(entry + PairCode.HIGH, high + at);
        put(entry + PairCode.AHEAD, ahead + (long) t * PairCode.aheadBytes(type));
        put(entry + PairCode.TARGET, tile(target, (t / 2 * BLOCKS + block) * valueSplits, half));
      }
      convert(values[half], list, count, type.rowBytes(kv.headDimV()), scratch);
    }
  }

  private static long tile(long target, int number, int half) {
    return target
        + (long) number * TileProducts.NUMBER_BYTES
        + half * TileProducts.NUMBER_BYTES / 2;
  }

  private static void convert(long function, long list, int count, long stride, long scratch) {
    if (count == 0) {
      return;
    }
    put(scratch + PairCode.LIST, list);
    put(scratch + PairCode.COUNT, count);
    put(scratch + PairCode.STRIDE, stride);
    NativeCode.call(function, scratch);
  }

  /**
   * Says what softmax is next; it can be done in parts while products are.
   *
   * @param scores address of the first row's
   * @param weights address of their tiles
   * @param greatest address of the first row's greatest score, and so on
   * @param limits address of pairs of addresses, of what each row's scores must not exceed
   */
  public void beginSoftmax(
      long scores, long weights, long greatest, long totals, long sums, long limits, long scratch) {
    put(scratch + TileStepCode.SCORES, scores);
    put(scratch + TileStepCode.WEIGHTS, weights);
    put(scratch + TileStepCode.STATE, greatest);
    put(scratch + TileStepCode.TOTALS, totals);
    put(scratch + TileStepCode.SUMS, sums);
    put(scratch + TileStepCode.LIMITS, limits);
  }

  /** Goes on with the softmax: so many rows of some blocks of positions. */
  public void softmax(int blocks, boolean limited, int rows, long scratch) {
    put(scratch + TileStepCode.ROWS, rows);
    NativeCode.call(softmaxes[2 * blocks + (limited ? 1 : 0)], scratch);
  }

  /**
   * Scores of a block's rows with some blocks of keys.
   *
   * @param out address of the first row's scores, {@link #SCORE_BYTES} in all
   * @param softmaxBlocks of positions, of a softmax to go on with meanwhile, or 0
   * @param limited whether its scores have limits
   * @return how many of its rows are done
   */
  public int score(
      long queries,
      long keys,
      int blocks,
      long out,
      int softmaxBlocks,
      boolean limited,
      long scratch) {
    put(scratch + TileStepCode.ROW_TILES, queries);
    put(scratch + TileStepCode.COLUMN_TILES, keys);
    put(scratch + TileStepCode.PRODUCT_SUMS, out);
    put(scratch + TileStepCode.SUM_STRIDE, RowSoftmax.SCORE_STRIDE);
    put(scratch + TileStepCode.STEPS, blocks);
    if (blocks < BLOCKS || softmaxBlocks < BLOCKS) {
      NativeCode.call(scores, scratch);
      return 0;
    }
    NativeCode.call(scoresAndSoftmax[limited ? 1 : 0], scratch);
    return BLOCKS * ROWS_IN_SCORES;
  }

  /**
   * Adds a block's weighted values to its sums.
   *
   * @param weights address of their tiles, {@link #WEIGHT_BYTES} in all
   * @param softmaxBlocks of positions, of a softmax to go on with meanwhile, or 0
   * @param limited whether its scores have limits
   * @return how many of its rows are done
   */
  public int mix(
      long weights,
      long values,
      int blocks,
      long sums,
      int softmaxBlocks,
      boolean limited,
      long scratch) {
    put(scratch + TileStepCode.ROW_TILES, weights);
    put(scratch + TileStepCode.COLUMN_TILES, values);
    put(scratch + TileStepCode.PRODUCT_SUMS, sums);
    put(scratch + TileStepCode.SUM_STRIDE, 4L * kv.headDimV());
    int steps = valueSteps();
    put(scratch + TileStepCode.STEPS, steps);
    int done = 0;
    if (blocks == BLOCKS && softmaxBlocks == BLOCKS && rowsInMix > 0) {
      NativeCode.call(mixAndSoftmax[limited ? 1 : 0], scratch);
      done = steps * rowsInMix;
    } else if (steps > 0) {
      NativeCode.call(mixes[blocks], scratch);
    }
    if (steps < valueBlocks) {
      put(scratch + TileStepCode.COLUMN_TILES, tile(values, steps * BLOCKS * valueSplits, 0));
      put(scratch + TileStepCode.PRODUCT_SUMS, sums + 4L * steps * TileProducts.BLOCK);
      put(scratch + TileStepCode.STEPS, 1);
      NativeCode.call(lastMixes[blocks], scratch);
    }
    return done;
  }

  /**
   * Puts the sums of weights where {@link AttentionCode#finish} reads them.
   *
   * @param totals address of the first row's 16 sums
   */
  public void totals(long totals, int rows, long state, long scratch) {
    put(scratch + TileStepCode.TOTALS, totals);
    put(scratch + TileStepCode.STATE, state);
    put(scratch + TileStepCode.ROWS, rows);
    NativeCode.call(this.totals, scratch);
  }

  private static void put(long at, long value) {
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, at, value);
  }
}
