package dev.lamina.cpu.plain;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.backend.Step;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.KvMemory;
import dev.lamina.cpu.kernel.Place;
import dev.lamina.cpu.kernel.StepState;

/** Causal attention; a unit is one key-value head of all tokens. */
final class PlainAttention extends Kernel {
  private final Op.Attention op;
  private final KvSpec kv;
  private final int ratio;
  private final KvMemory memory;
  private final Place q;
  private final Place out;

  PlainAttention(Op.Attention op, KvMemory memory, Place q, Place out) {
    this.op = op;
    this.kv = op.kv();
    this.ratio = op.nHead() / kv.nHeadKv();
    this.memory = memory;
    this.q = q;
    this.out = out;
  }

  @Override
  public int plan(StepState step) {
    return kv.nHeadKv();
  }

  @Override
  public void run(StepState state, int head, long scratch) {
    Step step = state.step();
    for (int first = 0; first < step.tokens(); ) {
      int end = first + 1;
      while (end < step.tokens() && step.slots()[end] == step.slots()[first]) {
        end++;
      }
      attend(step, head, first, end);
      first = end;
    }
  }

  /** The tokens of one sequence, whose positions ascend by one. */
  private void attend(Step step, int head, int first, int end) {
    int dimK = kv.headDimK();
    int dimV = kv.headDimV();
    int position = step.positions()[first];
    int begin = op.window() > 0 ? Math.max(0, position - op.window() + 1) : 0;
    int count = position + end - first - begin;
    float[] keys = new float[dimK * count];
    float[] values = new float[dimV * count];
    load(step.pageTable()[kv.group()][step.slots()[first]], head, begin, count, keys, values);
    float[] scores = new float[count];
    float[] sum = new float[dimV];
    for (int t = first; t < end; t++) {
      int seen = step.positions()[t];
      int low = op.window() > 0 ? Math.max(0, seen - op.window() + 1 - begin) : 0;
      int high = seen + 1 - begin;
      for (int h = head * ratio; h < (head + 1) * ratio; h++) {
        long row = (long) t * op.nHead() + h;
        float[] query = Heap.floats(q.address() + 4L * row * dimK, dimK);
        score(query, keys, count, low, high, scores);
        softmax(scores, low, high, op.scale(), op.softCap());
        mix(scores, values, low, high, sum);
        Heap.store(sum, 0, dimV, out.address() + 4L * row * dimV);
      }
    }
  }

  /** Decodes keys to {@code [dim][position]}, values to {@code [position][dim]}. */
  private void load(int[] pages, int head, int begin, int count, float[] keys, float[] values) {
    int dimK = kv.headDimK();
    int dimV = kv.headDimV();
    int pageSize = memory.pageSize();
    long valueBytes = kv.typeV().rowBytes(dimV);
    for (int p = begin; p < begin + count; ) {
      int page = pages[p / pageSize];
      int offset = p % pageSize;
      int n = Math.min(pageSize - offset, begin + count - p);
      int at = p - begin;
      float[] k = PlainPages.load(kv.typeK(), memory.keyHead(page, head), dimK * pageSize);
      for (int d = 0; d < dimK; d++) {
        System.arraycopy(k, d * pageSize + offset, keys, d * count + at, n);
      }
      float[] v =
          PlainPages.load(kv.typeV(), memory.valueHead(page, head) + offset * valueBytes, n * dimV);
      System.arraycopy(v, 0, values, at * dimV, n * dimV);
      p += n;
    }
  }

  private static void score(
      float[] query, float[] keys, int count, int low, int high, float[] scores) {
    for (int p = low; p < high; p++) {
      scores[p] = 0;
    }
    for (int d = 0; d < query.length; d++) {
      add(scores, 0, keys, d * count, query[d], low, high);
    }
  }

  private static void mix(float[] weights, float[] values, int low, int high, float[] sum) {
    for (int d = 0; d < sum.length; d++) {
      sum[d] = 0;
    }
    for (int p = low; p < high; p++) {
      add(sum, 0, values, p * sum.length, weights[p], 0, sum.length);
    }
  }

  private static void add(
      float[] to, int at, float[] from, int offset, float factor, int low, int high) {
    for (int i = low; i < high; i++) {
      to[at + i] += factor * from[offset + i];
    }
  }

  private static void softmax(float[] scores, int low, int high, float scale, float softCap) {
    float most = Float.NEGATIVE_INFINITY;
    for (int p = low; p < high; p++) {
      float s = scores[p] * scale;
      if (softCap > 0) {
        s = (float) (softCap * Math.tanh(s / softCap));
      }
      scores[p] = s;
      most = Math.max(most, s);
    }
    double total = 0;
    for (int p = low; p < high; p++) {
      double e = Math.exp(scores[p] - most);
      scores[p] = (float) e;
      total += e;
    }
    float factor = (float) (1 / total);
    for (int p = low; p < high; p++) {
      scores[p] *= factor;
    }
  }
}
