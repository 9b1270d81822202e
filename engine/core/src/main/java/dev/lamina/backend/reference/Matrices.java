package dev.lamina.backend.reference;

import dev.lamina.backend.reference.ReferenceDevice.ReferenceWeight;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/** Ops over weight matrices: each row is decoded once and then met by all tokens. */
final class Matrices {
  /** Products of fewer multiplications than this are not worth a second thread. */
  private static final long PARALLEL_FROM = 1 << 18;

  private Matrices() {}

  static void embed(ReferenceWeight table, int[] ids, float[] out) {
    int cols = table.spec().cols();
    float[] row = new float[cols];
    for (int t = 0; t < ids.length; t++) {
      if (ids[t] < 0 || ids[t] >= table.spec().rows()) {
        throw new IllegalArgumentException(
            "token " + ids[t] + " is not among the " + table.spec().rows() + " of the vocabulary");
      }
      table.decode(ids[t], row);
      System.arraycopy(row, 0, out, t * cols, cols);
    }
  }

  static void multiply(ReferenceWeight weight, float[] bias, float[] in, float[] out, int tokens) {
    int cols = weight.spec().cols();
    int rows = weight.spec().rows();
    overRows(
        rows,
        (long) rows * cols * tokens,
        r -> {
          float[] row = new float[cols];
          weight.decode(r, row);
          for (int t = 0; t < tokens; t++) {
            double sum = dot(row, 0, in, t * cols, cols);
            out[t * rows + r] = (float) (bias == null ? sum : sum + bias[r]);
          }
        });
  }

  /** {@code perSlot}: every slot of a token has an input of its own. */
  static void multiplyExperts(
      ReferenceWeight weight,
      int used,
      float[] routing,
      float[] in,
      boolean perSlot,
      float[] out,
      int tokens) {
    int cols = weight.spec().cols();
    int rows = weight.spec().rows();
    List<List<Integer>> slotsOf = new ArrayList<>();
    for (int e = 0; e < weight.spec().experts(); e++) {
      slotsOf.add(new ArrayList<>());
    }
    for (int slot = 0; slot < tokens * used; slot++) {
      int expert = (int) routing[slot / used * 2 * used + slot % used];
      slotsOf.get(expert).add(slot);
    }
    overRows(
        weight.spec().experts() * rows,
        (long) tokens * used * rows * cols,
        r -> {
          List<Integer> slots = slotsOf.get(r / rows);
          if (slots.isEmpty()) {
            return;
          }
          float[] row = new float[cols];
          weight.decode(r, row);
          for (int slot : slots) {
            int from = perSlot ? slot : slot / used;
            out[slot * rows + r % rows] = (float) dot(row, 0, in, from * cols, cols);
          }
        });
  }

  /** Four sums in turn, so that an addition need not wait for the one before it. */
  static double dot(float[] a, int aFrom, float[] b, int bFrom, int n) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i + 4 <= n; i += 4) {
      s0 += (double) a[aFrom + i] * b[bFrom + i];
      s1 += (double) a[aFrom + i + 1] * b[bFrom + i + 1];
      s2 += (double) a[aFrom + i + 2] * b[bFrom + i + 2];
      s3 += (double) a[aFrom + i + 3] * b[bFrom + i + 3];
    }
    for (; i < n; i++) {
      s0 += (double) a[aFrom + i] * b[bFrom + i];
    }
    return s0 + s1 + (s2 + s3);
  }

  static void overRows(int rows, long work, IntConsumer body) {
    IntStream range = IntStream.range(0, rows);
    (work >= PARALLEL_FROM ? range.parallel() : range).forEach(body);
  }
}
