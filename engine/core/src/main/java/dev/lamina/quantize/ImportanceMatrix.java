package dev.lamina.quantize;

import dev.lamina.LaminaException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How much each input column of each matrix is used: sums of squares of what a model's matrices
 * were multiplied with while it read a text. Files: {@link ImportanceFile}.
 *
 * @param entries by tensor, such as {@code blk.0.attn_q.weight}
 * @param datasets names of the texts
 * @param chunks windows of the texts that were read
 * @param chunkSize tokens of a window
 */
public record ImportanceMatrix(
    SortedMap<String, Entry> entries, List<String> datasets, int chunks, int chunkSize) {

  /**
   * What went into one tensor.
   *
   * @param sums of squares, {@code columns} of them for each matrix (each expert)
   * @param counts how many rows were added up, for each matrix, or one count for all
   */
  public record Entry(float[] sums, long[] counts) {
    public Entry {
      if (counts.length == 0 || sums.length % counts.length != 0) {
        throw new IllegalArgumentException(sums.length + " sums and " + counts.length + " counts");
      }
    }

    /** The mean square of each column; 1 where nothing was added up. */
    public float[] means() {
      float[] means = new float[sums.length];
      int columns = sums.length / counts.length;
      for (int i = 0; i < means.length; i++) {
        float count = counts[i / columns];
        means[i] = count > 0 ? sums[i] / count : 1;
      }
      return means;
    }

    /** The sum of the mean squares. */
    public double total() {
      double total = 0;
      for (float mean : means()) {
        total += mean;
      }
      return total;
    }

    /** Share of the matrices that were used at all. */
    public double covered() {
      long used = 0;
      for (long count : counts) {
        used += count > 0 ? 1 : 0;
      }
      return (double) used / counts.length;
    }

    private Entry plus(String tensor, Entry other) {
      if (sums.length != other.sums.length) {
        throw new LaminaException(
            "importance matrices of different models cannot be merged: "
                + tensor
                + " has "
                + sums.length
                + " columns in one and "
                + other.sums.length
                + " in another");
      }
      int matrices = Math.max(counts.length, other.counts.length);
      if (matrices % counts.length != 0 || matrices % other.counts.length != 0) {
        throw new LaminaException(
            "importance matrices of different models cannot be merged: "
                + tensor
                + " has different numbers of experts");
      }
      float[] sum = sums.clone();
      for (int i = 0; i < sum.length; i++) {
        sum[i] += other.sums[i];
      }
      long[] count = new long[matrices];
      for (int i = 0; i < matrices; i++) {
        count[i] =
            counts[i * counts.length / matrices] + other.counts[i * other.counts.length / matrices];
      }
      return new Entry(sum, count);
    }
  }

  public ImportanceMatrix {
    entries = Collections.unmodifiableSortedMap(new TreeMap<>(entries));
    datasets = List.copyOf(datasets);
  }

  /**
   * The importance of the columns of a tensor, {@code cols * matrices} numbers, or empty where the
   * tensor has no entry.
   */
  public Optional<float[]> importance(String tensor) {
    return Optional.ofNullable(entries.get(tensor)).map(Entry::means);
  }

  /**
   * The sums of both.
   *
   * @throws LaminaException where they are of different models
   */
  public ImportanceMatrix plus(ImportanceMatrix other) {
    SortedMap<String, Entry> all = new TreeMap<>(entries);
    for (Map.Entry<String, Entry> entry : other.entries.entrySet()) {
      all.merge(entry.getKey(), entry.getValue(), (a, b) -> a.plus(entry.getKey(), b));
    }
    LinkedHashSet<String> texts = new LinkedHashSet<>(datasets);
    texts.addAll(other.datasets);
    return new ImportanceMatrix(
        all,
        new ArrayList<>(texts),
        (int) Math.min(Integer.MAX_VALUE, (long) chunks + other.chunks),
        chunkSize == 0 ? other.chunkSize : chunkSize);
  }
}
