package dev.lamina.backend.reference;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Step;

/** Ops over the pages of keys and values. */
final class Attending {
  private Attending() {}

  static void store(KvSpec kv, KvPages pages, Step step, Limits limits, float[] k, float[] v) {
    for (int t = 0; t < step.tokens(); t++) {
      int page = page(step, limits, kv.group(), step.slots()[t], step.positions()[t]);
      int at = step.positions()[t] % limits.pageSize();
      int kWidth = kv.nHeadKv() * kv.headDimK();
      int vWidth = kv.nHeadKv() * kv.headDimV();
      pages.store(page, at, k, t * kWidth, v, t * vWidth);
    }
  }

  static void attend(
      Op.Attention op, KvPages pages, Step step, Limits limits, float[] q, float[] out) {
    KvSpec kv = op.kv();
    long work = 0;
    for (int position : step.positions()) {
      work += (long) position * op.nHead() * kv.headDimK();
    }
    Matrices.overRows(
        step.tokens() * kv.nHeadKv(),
        work,
        i -> attend(op, pages, step, limits, q, out, i / kv.nHeadKv(), i % kv.nHeadKv()));
  }

  /** One token, and all query heads that read one key-value head. */
  private static void attend(
      Op.Attention op,
      KvPages pages,
      Step step,
      Limits limits,
      float[] q,
      float[] out,
      int token,
      int headKv) {
    KvSpec kv = op.kv();
    int slot = step.slots()[token];
    int position = step.positions()[token];
    int first = op.window() > 0 ? Math.max(0, position - op.window() + 1) : 0;
    int seen = position - first + 1;
    int ratio = op.nHead() / kv.nHeadKv();
    double[][] weights = new double[ratio][seen];
    float[] key = new float[kv.headDimK()];
    for (int i = 0; i < seen; i++) {
      int page = page(step, limits, kv.group(), slot, first + i);
      pages.key(page, (first + i) % limits.pageSize(), headKv, key);
      for (int h = 0; h < ratio; h++) {
        int from = (token * op.nHead() + headKv * ratio + h) * kv.headDimK();
        double score = op.scale() * Matrices.dot(q, from, key, 0, kv.headDimK());
        weights[h][i] = op.softCap() > 0 ? op.softCap() * Math.tanh(score / op.softCap()) : score;
      }
    }
    for (double[] row : weights) {
      softmax(row);
    }
    double[][] sums = new double[ratio][kv.headDimV()];
    float[] value = new float[kv.headDimV()];
    for (int i = 0; i < seen; i++) {
      int page = page(step, limits, kv.group(), slot, first + i);
      pages.value(page, (first + i) % limits.pageSize(), headKv, value);
      for (int h = 0; h < ratio; h++) {
        for (int d = 0; d < value.length; d++) {
          sums[h][d] += weights[h][i] * value[d];
        }
      }
    }
    for (int h = 0; h < ratio; h++) {
      int to = (token * op.nHead() + headKv * ratio + h) * kv.headDimV();
      for (int d = 0; d < kv.headDimV(); d++) {
        out[to + d] = (float) sums[h][d];
      }
    }
  }

  private static void softmax(double[] row) {
    double greatest = Double.NEGATIVE_INFINITY;
    for (double x : row) {
      greatest = Math.max(greatest, x);
    }
    double sum = 0;
    for (int i = 0; i < row.length; i++) {
      row[i] = Math.exp(row[i] - greatest);
      sum += row[i];
    }
    for (int i = 0; i < row.length; i++) {
      row[i] /= sum;
    }
  }

  private static int page(Step step, Limits limits, int group, int slot, int position) {
    int page = step.pageTable()[group][slot][position / limits.pageSize()];
    if (page < 0) {
      throw new IllegalArgumentException(
          "position " + position + " of slot " + slot + " is seen, and its page is freed");
    }
    return page;
  }
}
