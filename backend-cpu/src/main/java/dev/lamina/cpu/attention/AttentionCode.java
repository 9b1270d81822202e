package dev.lamina.cpu.attention;

import dev.lamina.backend.KvSpec;
import dev.lamina.cpu.code.CodeCache;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.NativeCode;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.ValueLayout;

/**
 * The functions for one layer's pages: assembled when a program is made and then kept for the
 * process. Addresses are raw; every call needs {@link #CALL_SCRATCH} bytes of scratch memory.
 */
public final class AttentionCode {
  /** Bytes of scratch memory that a call needs. */
  public static final int CALL_SCRATCH = 128;

  /** The most positions of a call, a multiple of every page's. */
  public static final int MOST_POSITIONS = 512;

  /**
   * Pages that are asked for ahead of the one in work, to the second-level cache: less than what
   * memory brings while one is in work lets threads wait for it.
   */
  public static final int AHEAD = 4;

  /** Positions that rows of scores are filled up to with minus infinity. */
  public static final int GROUP = SoftmaxCode.POSITIONS;

  /** Bytes from row to row of scores: not a power of two, which would share cache sets. */
  public static final int STRIDE = 4 * (MOST_POSITIONS + 16);

  /** Bytes of a row's state: the greatest score, the sum of weights, and a factor between calls. */
  public static final int STATE_BYTES = SoftmaxCode.STATE_BYTES;

  private record Score(Isa isa, GgmlType type, int rows, int width, int dim) {}

  private record Finish(Isa isa, int dim) {}

  private record Mix(Isa isa, GgmlType type, int rows, int width) {}

  private record Softmax(Isa isa) {}

  private record Convert(Isa isa, GgmlType type) {}

  private final Isa isa;
  private final GgmlType typeK;
  private final GgmlType typeV;
  private final int dimK;
  private final int dimV;
  private final int pageSize;
  private final int scoreWidth;
  private final int mixWidth;
  private final int mostRows;
  private final long[] scores;
  private final long[] mixes;
  private final long[] lastMixes;
  private final long softmax;
  private final long finish;
  private final long convertK;
  private final long convertV;

  private AttentionCode(Isa isa, KvSpec kv, int pageSize, GgmlType typeK, GgmlType typeV) {
    this.isa = isa;
    this.typeK = typeK;
    this.typeV = typeV;
    this.dimK = kv.headDimK();
    this.dimV = kv.headDimV();
    this.pageSize = pageSize;
    scoreWidth = ScoreCode.width(isa, pageSize);
    mixWidth = MixCode.width(isa, typeV, dimV);
    mostRows = Math.min(PageReader.mostRows(isa, typeK), PageReader.mostRows(isa, typeV));
    int lastWidth = dimV * 32 / isa.bits() % mixWidth;
    scores = new long[mostRows + 1];
    mixes = new long[mostRows + 1];
    lastMixes = new long[mostRows + 1];
    for (int rows = 1; rows <= mostRows; rows++) {
      int r = rows;
      scores[r] =
          CodeCache.function(
              new Score(isa, typeK, r, scoreWidth, dimK),
              () -> ScoreCode.of(isa, typeK, r, scoreWidth, dimK));
      mixes[r] =
          CodeCache.function(
              new Mix(isa, typeV, r, mixWidth), () -> MixCode.of(isa, typeV, r, mixWidth));
      if (lastWidth > 0) {
        lastMixes[r] =
            CodeCache.function(
                new Mix(isa, typeV, r, lastWidth), () -> MixCode.of(isa, typeV, r, lastWidth));
      }
    }
    softmax = CodeCache.function(new Softmax(isa), () -> SoftmaxCode.of(isa));
    finish = CodeCache.function(new Finish(isa, dimV), () -> FinishCode.of(isa, dimV));
    convertK = CodeCache.function(new Convert(isa, typeK), () -> ConvertCode.of(isa, typeK));
    convertV = CodeCache.function(new Convert(isa, typeV), () -> ConvertCode.of(isa, typeV));
  }

  /** Whether there are functions for such pages. */
  public static boolean covers(Isa isa, KvSpec kv, int pageSize) {
    return PageReader.reads(kv.typeK())
        && PageReader.reads(kv.typeV())
        && kv.headDimV() * 32 % isa.bits() == 0
        && pageSize * 32 % isa.bits() == 0
        && MOST_POSITIONS % pageSize == 0;
  }

  /** The functions for a layer's pages as they are. */
  public static AttentionCode of(Isa isa, KvSpec kv, int pageSize) {
    return new AttentionCode(isa, kv, pageSize, kv.typeK(), kv.typeV());
  }

  /** The functions for pages that {@link #convertKeys} and {@link #convertValues} have made. */
  public AttentionCode converted(KvSpec kv) {
    return new AttentionCode(
        isa, kv, pageSize, convertsKeys() ? GgmlType.F32 : typeK, GgmlType.F32);
  }

  /** The most query rows of a call of {@link #score} and {@link #mix}. */
  public int mostRows() {
    return mostRows;
  }

  /** Whether keys can be converted: quantized ones lie in another order than floats. */
  public boolean convertsKeys() {
    return typeK != GgmlType.F32
        && typeK.blockSize() == 1
        && dimK * pageSize % ConvertCode.values(isa, typeK) == 0;
  }

  /** Whether values can be converted. */
  public boolean convertsValues() {
    return typeV != GgmlType.F32 && dimV * pageSize % ConvertCode.values(isa, typeV) == 0;
  }

  /** Converts a head's keys of a whole page to float32 in the same order. */
  public void convertKeys(long page, long target, long scratch) {
    convert(convertK, typeK, dimK, page, target, scratch);
  }

  /** Converts a head's values of a whole page likewise. */
  public void convertValues(long page, long target, long scratch) {
    convert(convertV, typeV, dimV, page, target, scratch);
  }

  private void convert(
      long function, GgmlType type, int dim, long page, long target, long scratch) {
    put(scratch + ConvertCode.SOURCE, page);
    put(scratch + ConvertCode.TARGET, target);
    put(scratch + ConvertCode.ROUNDS, (long) dim * pageSize / ConvertCode.values(isa, type));
    NativeCode.call(function, scratch);
  }

  /**
   * Scores of some rows with whole pages.
   *
   * @param rows at most {@link #mostRows}
   * @param pages address of the addresses of a head's keys in each page
   * @param queries address of {@code [rows][dim]} floats
   * @param scale what scores are multiplied with
   * @param out address of the first row's scores
   */
  public void score(
      int rows, long pages, int count, long queries, float scale, long out, long scratch) {
    boolean blocks = typeK.blockSize() > 1;
    put(scratch + ScoreCode.PAGES, pages);
    put(scratch + ScoreCode.COUNT, count);
    put(scratch + ScoreCode.QUERIES, queries);
    put(scratch + ScoreCode.OUT, out);
    put(scratch + ScoreCode.DEPTH, blocks ? dimK / PageReader.BLOCK : dimK);
    put(scratch + ScoreCode.STEP, blocks ? pageSize : (long) pageSize * typeK.blockBytes());
    put(scratch + ScoreCode.GROUPS, pageSize * 32 / isa.bits() / scoreWidth);
    put(scratch + ScoreCode.QUANTS, 2L * (dimK / PageReader.BLOCK) * pageSize);
    NativeCode.ALL.set(ValueLayout.JAVA_FLOAT, scratch + ScoreCode.SCALE, scale);
    NativeCode.call(scores[rows], scratch);
  }

  /**
   * Turns rows of scores into weights.
   *
   * @param positions a multiple of {@link #GROUP}
   * @param state address of the first row's state
   */
  public void softmax(long scores, int rows, int positions, long state, long scratch) {
    put(scratch + SoftmaxCode.SCORES, scores);
    put(scratch + SoftmaxCode.ROWS, rows);
    put(scratch + SoftmaxCode.GROUPS, positions / GROUP);
    put(scratch + SoftmaxCode.STATE, state);
    NativeCode.call(softmax, scratch);
  }

  /**
   * Adds the weighted values of some positions to some rows' sums.
   *
   * @param rows at most {@link #mostRows}
   * @param pages address of pairs: the address of a page's first value and how many follow
   * @param weights address of the first row's first weight
   * @param sums address of the first row's {@code dimV} sums; the rows are {@link #sumStride} apart
   */
  public void mix(
      int rows, long pages, int count, long weights, long sums, long state, long scratch) {
    put(scratch + MixCode.PAGES, pages);
    put(scratch + MixCode.COUNT, count);
    put(scratch + MixCode.WEIGHTS, weights);
    put(scratch + MixCode.SUM_STRIDE, sumStride(dimV));
    put(scratch + MixCode.STATE, state);
    put(scratch + MixCode.STEP, typeV.rowBytes(dimV));
    int dims = mixWidth * isa.bits() / 32;
    for (int d = 0; d < dimV; d += dims) {
      put(scratch + MixCode.SUMS, sums + 4L * d);
      put(scratch + MixCode.OFFSET, typeV.rowBytes(d));
      NativeCode.call((d + dims <= dimV ? mixes : lastMixes)[rows], scratch);
    }
  }

  /** Bytes from row to row of sums. */
  public static long sumStride(int dim) {
    return (4L * dim + 63) & -64;
  }

  /**
   * Turns rows of sums into results.
   *
   * @param out address of {@code [rows][dimV]} floats
   */
  public void finish(long sums, long state, int rows, long out, long scratch) {
    put(scratch + FinishCode.SUMS, sums);
    put(scratch + FinishCode.STATE, state);
    put(scratch + FinishCode.OUT, out);
    put(scratch + FinishCode.ROWS, rows);
    NativeCode.call(finish, scratch);
  }

  /** What a state begins with: less than any score, but minus infinity can be told from it. */
  public static void begin(long state) {
    NativeCode.ALL.set(ValueLayout.JAVA_FLOAT, state + SoftmaxCode.GREATEST, -Float.MAX_VALUE);
    NativeCode.ALL.set(ValueLayout.JAVA_FLOAT, state + SoftmaxCode.TOTAL, 0);
  }

  /** The greatest score of a state. */
  public static float greatest(long state) {
    return NativeCode.ALL.get(ValueLayout.JAVA_FLOAT, state + SoftmaxCode.GREATEST);
  }

  /** The sum of weights of a state. */
  public static float total(long state) {
    return NativeCode.ALL.get(ValueLayout.JAVA_FLOAT, state + SoftmaxCode.TOTAL);
  }

  /** Sets the sum of weights of a state. */
  public static void end(long state, float total) {
    NativeCode.ALL.set(ValueLayout.JAVA_FLOAT, state + SoftmaxCode.TOTAL, total);
  }

  private static void put(long at, long value) {
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, at, value);
  }
}
