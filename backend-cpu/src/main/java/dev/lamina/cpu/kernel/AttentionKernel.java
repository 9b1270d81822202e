package dev.lamina.cpu.kernel;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.backend.Step;
import dev.lamina.cpu.simd.Functions;
import dev.lamina.cpu.simd.Gemm;
import dev.lamina.cpu.simd.Simd;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Causal attention in tiles with a running softmax (Milakov and Gimelshein, "Online normalizer
 * calculation for softmax"; Dao et al., "FlashAttention"): no more scores exist at a time than one
 * tile of query rows has with one tile of positions.
 *
 * <p>A unit is one key-value head for a run of tokens of one sequence; its query rows are these
 * tokens times the query heads that share the key-value head, so that every key and value is
 * decoded once for all of them.
 */
public final class AttentionKernel extends Kernel {
  /** Query rows of a unit, about. */
  private static final int QUERY_ROWS = 48;

  /** Bytes of a row of {@link Gemm}'s columns: a tile has that many positions. */
  private static final long STEP = 4L * Gemm.COLS;

  private static final IntVector IOTA = IntVector.zero(Simd.I).addIndex(1);

  private final KvMemory memory;
  private final KvSpec kv;
  private final int ratio;
  private final float scale;
  private final int window;
  private final float softCap;
  private final Place q;
  private final Place out;
  private final int tokensPerRun;
  private final int widthV;
  private final int panelsV;
  private final long sumStride;
  private int runs;
  private int[] starts = new int[16];

  public AttentionKernel(Op.Attention op, KvMemory memory, Place q, Place out) {
    this.memory = memory;
    this.kv = op.kv();
    this.ratio = op.nHead() / kv.nHeadKv();
    this.scale = op.scale();
    this.window = op.window();
    this.softCap = op.softCap();
    this.q = q;
    this.out = out;
    this.tokensPerRun = Math.max(1, QUERY_ROWS / ratio);
    this.widthV = Gemm.padCols(kv.headDimV());
    this.panelsV = (widthV + Gemm.COLS - 1) / Gemm.COLS;
    this.sumStride = 4L * widthV;
  }

  /** Runs of tokens of one sequence at neighbouring positions, none longer than a unit takes. */
  @Override
  public int plan(StepState state) {
    Step step = state.step();
    int n = step.tokens();
    runs = 0;
    for (int t = 0; t < n; runs++) {
      if (runs + 2 > starts.length) {
        starts = Arrays.copyOf(starts, 2 * starts.length);
      }
      starts[runs] = t;
      int first = t++;
      while (t < n
          && t - first < tokensPerRun
          && step.slots()[t] == step.slots()[first]
          && step.positions()[t] == step.positions()[t - 1] + 1) {
        t++;
      }
    }
    starts[runs] = n;
    return runs * kv.nHeadKv();
  }

  private int rows() {
    return Gemm.padRows(tokensPerRun * ratio);
  }

  @Override
  public long scratchBytes() {
    long m = rows();
    return m * (4L * kv.headDimK() + STEP + sumStride + 8)
        + STEP * (kv.headDimK() + (long) Gemm.COLS * panelsV)
        + 4L * kv.headDimV()
        + 64;
  }

  @Override
  public void run(StepState state, int unit, long scratch) {
    Step step = state.step();
    // the last runs see most positions: take them first, so that no long unit is left to the end
    int run = runs - 1 - unit / kv.nHeadKv();
    int head = unit % kv.nHeadKv();
    int first = starts[run];
    int tokens = starts[run + 1] - first;
    int m = tokens * ratio;
    int position = step.positions()[first];
    int[] pages = step.pageTable()[kv.group()][step.slots()[first]];
    int begin = window > 0 ? Math.max(0, position - window + 1) : 0;
    int end = position + tokens;

    long queries = scratch;
    long scores = queries + 4L * rows() * kv.headDimK();
    long sums = scores + STEP * rows();
    long greatest = sums + rows() * sumStride;
    long total = greatest + 4L * rows();
    long keys = (total + 4L * rows() + 63) & -64;
    long values = keys + STEP * kv.headDimK();
    long row = values + STEP * Gemm.COLS * panelsV;

    gather(first, tokens, head, queries);
    Simd.zero(sums, rows() * sumStride);
    for (int r = 0; r < m; r++) {
      Simd.storeFloat(greatest + 4L * r, Float.NEGATIVE_INFINITY);
      Simd.storeFloat(total + 4L * r, 0);
    }
    for (int from = begin / Gemm.COLS * Gemm.COLS; from < end; from += Gemm.COLS) {
      int to = Math.min(end, from + Gemm.COLS);
      load(pages, head, Math.max(from, begin), from, to, keys, values, row);
      int width = Gemm.padCols(to - from);
      Simd.zero(scores, STEP * rows());
      Gemm.multiply(queries, 4L * kv.headDimK(), keys, scores, STEP, m, width, kv.headDimK());
      for (int r = 0; r < m; r++) {
        int seen = position + r / ratio;
        int low = window > 0 ? Math.max(0, seen - window + 1 - from) : 0;
        int high = Math.min(to, seen + 1) - from;
        softmax(
            scores + r * STEP,
            width,
            low,
            high,
            greatest + 4L * r,
            total + 4L * r,
            sums + r * sumStride);
      }
      for (int panel = 0; panel < panelsV; panel++) {
        Gemm.multiply(
            scores,
            STEP,
            values + panel * STEP * Gemm.COLS,
            sums + panel * STEP,
            sumStride,
            m,
            Math.min(Gemm.COLS, widthV - panel * Gemm.COLS),
            to - from);
      }
    }
    scatter(first, m, head, sums, total);
  }

  /**
   * Decodes the keys and values of the positions of a tile. What lies before {@code begin} is not
   * seen by any token and may be in no page: its values become zero, its scores are hidden.
   */
  private void load(
      int[] pages, int head, int begin, int from, int to, long keys, long values, long row) {
    if (begin > from) {
      Simd.zero(keys, STEP * kv.headDimK());
      Simd.zero(values, STEP * Gemm.COLS * panelsV);
    }
    int pageSize = memory.pageSize();
    for (int p = begin; p < to; ) {
      int page = pages[p / pageSize];
      int offset = p % pageSize;
      int n = Math.min(pageSize - offset, to - p);
      int at = p - from;
      memory.loadKeys(page, head, offset, n, keys + 4L * at, Gemm.COLS - at);
      memory.loadValues(page, head, offset, n, values + at * STEP, row);
      p += n;
    }
  }

  /** Copies the query rows, scaled. */
  private void gather(int first, int tokens, int head, long queries) {
    int dim = kv.headDimK();
    int width = ratio * kv.nHeadKv() * dim;
    for (int t = 0; t < tokens; t++) {
      long from = q.address() + 4L * ((long) (first + t) * width + (long) head * ratio * dim);
      long to = queries + 4L * t * ratio * dim;
      int n = ratio * dim;
      int i = 0;
      for (; i <= n - Simd.LANES; i += Simd.LANES) {
        Simd.store(Simd.load(from + 4L * i).mul(scale), to + 4L * i);
      }
      for (; i < n; i++) {
        Simd.storeFloat(to + 4L * i, Simd.loadFloat(from + 4L * i) * scale);
      }
    }
  }

  /** Turns a row of scores into weights under the running maximum, 0 for what it may not see. */
  private void softmax(long row, int n, int low, int high, long greatest, long total, long sums) {
    if (low >= high) {
      for (int i = 0; i < n; i += Simd.LANES) {
        Simd.store(FloatVector.zero(Simd.F), row + 4L * i);
      }
      return;
    }
    FloatVector most = FloatVector.broadcast(Simd.F, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < n; i += Simd.LANES) {
      FloatVector s = Simd.load(row + 4L * i);
      if (softCap > 0) {
        s = Functions.tanh(s.div(softCap)).mul(softCap);
      }
      s = s.blend(Float.NEGATIVE_INFINITY, hidden(i, low, high));
      Simd.store(s, row + 4L * i);
      most = most.max(s);
    }
    float before = Simd.loadFloat(greatest);
    float now = Math.max(before, most.reduceLanes(VectorOperators.MAX));
    FloatVector sum = FloatVector.zero(Simd.F);
    for (int i = 0; i < n; i += Simd.LANES) {
      FloatVector p = Functions.exp(Simd.load(row + 4L * i).sub(now));
      p = p.blend(0f, hidden(i, low, high));
      Simd.store(p, row + 4L * i);
      sum = sum.add(p);
    }
    float factor = (float) Math.exp(before - now);
    Simd.storeFloat(greatest, now);
    Simd.storeFloat(total, Simd.loadFloat(total) * factor + sum.reduceLanes(VectorOperators.ADD));
    if (factor != 1) {
      for (int i = 0; i < widthV; i += Simd.LANES) {
        Simd.store(Simd.load(sums + 4L * i).mul(factor), sums + 4L * i);
      }
    }
  }

  private static VectorMask<Float> hidden(int i, int low, int high) {
    IntVector index = IOTA.add(i);
    return index
        .compare(VectorOperators.LT, low)
        .or(index.compare(VectorOperators.GE, high))
        .cast(Simd.F);
  }

  private void scatter(int first, int m, int head, long sums, long total) {
    int dim = kv.headDimV();
    int width = ratio * kv.nHeadKv() * dim;
    for (int r = 0; r < m; r++) {
      long to =
          out.address()
              + 4L * ((long) (first + r / ratio) * width + (long) (head * ratio + r % ratio) * dim);
      float factor = 1 / Simd.loadFloat(total + 4L * r);
      long from = sums + 4L * r * widthV;
      int i = 0;
      for (; i <= dim - Simd.LANES; i += Simd.LANES) {
        Simd.store(Simd.load(from + 4L * i).mul(factor), to + 4L * i);
      }
      for (; i < dim; i++) {
        Simd.storeFloat(to + 4L * i, Simd.loadFloat(from + 4L * i) * factor);
      }
    }
  }
}
