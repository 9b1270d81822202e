package dev.lamina.cpu.kernel;

import dev.lamina.backend.Op;
import dev.lamina.cpu.attention.AttentionCode;
import dev.lamina.cpu.simd.Simd;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * What threads leave of runs whose positions they share: for each part the sums of values of its
 * rows, then the rows' states. Whoever leaves a run's last part puts its parts together.
 */
final class AttentionParts {
  /** Query rows of a unit that can be split. */
  static final int ROWS = 16;

  private final Place memory;
  private final int dim;
  private final long sumStride;
  private final long partBytes;

  /** By slots: parts of the run that are still to come. */
  private final AtomicIntegerArray unfinished;

  /**
   * @param memory {@link #bytes} of it
   */
  AttentionParts(Op.Attention op, Place memory) {
    this.memory = memory;
    this.dim = op.kv().headDimV();
    this.sumStride = AttentionCode.sumStride(dim);
    this.partBytes = partBytes(op);
    this.unfinished = new AtomicIntegerArray(slots(op));
  }

  private static int slots(Op.Attention op) {
    return AttentionShares.MOST_PARTS + op.kv().nHeadKv();
  }

  private static long partBytes(Op.Attention op) {
    int ratio = op.nHead() / op.kv().nHeadKv();
    long rowBytes = AttentionCode.sumStride(op.kv().headDimV()) + AttentionCode.STATE_BYTES;
    return Math.max(ROWS, ratio) * rowBytes;
  }

  /** Bytes of memory for all parts. */
  static long bytes(Op.Attention op) {
    return partBytes(op) * Math.max(AttentionShares.MOST_PARTS, op.kv().nHeadKv());
  }

  /** Says how many parts a run will have whose first one has that slot. */
  void begin(int slot, int parts) {
    unfinished.set(slot, parts);
  }

  /**
   * Leaves a part.
   *
   * @param slot of the run's first part
   * @param part counted from that
   * @param sums address of {@code rows} rows of sums
   * @param state address of their states
   * @return where the whole run's sums are, with their states behind them; 0 where parts are to
   *     come
   */
  long leave(int slot, int part, int parts, int rows, long sums, long state) {
    long run = memory.address() + slot * partBytes;
    long mine = run + part * partBytes;
    Simd.copy(sums, mine, rows * sumStride);
    Simd.copy(state, mine + rows * sumStride, (long) rows * AttentionCode.STATE_BYTES);
    if (unfinished.decrementAndGet(slot) != 0) {
      return 0;
    }
    combine(run, parts, rows);
    return run;
  }

  /** Brings the parts of a run together in the first one. */
  private void combine(long run, int count, int rows) {
    for (int r = 0; r < rows; r++) {
      long states = run + rows * sumStride + (long) r * AttentionCode.STATE_BYTES;
      float most = AttentionCode.greatest(states);
      for (int i = 1; i < count; i++) {
        most = Math.max(most, AttentionCode.greatest(states + i * partBytes));
      }
      float total = 0;
      for (int i = 0; i < count; i++) {
        long state = states + i * partBytes;
        float factor = (float) Math.exp(AttentionCode.greatest(state) - most);
        total += factor * AttentionCode.total(state);
        add(run + i * partBytes + r * sumStride, factor, run + r * sumStride, i == 0);
      }
      AttentionCode.end(states, total);
    }
  }

  private void add(long x, float factor, long sums, boolean first) {
    for (int d = 0; d < dim; d++) {
      float before = first ? 0 : Simd.loadFloat(sums + 4L * d);
      Simd.storeFloat(sums + 4L * d, before + factor * Simd.loadFloat(x + 4L * d));
    }
  }
}
