package dev.lamina.quantize;

import dev.lamina.LaminaException;
import dev.lamina.backend.TensorSpec;
import dev.lamina.quantize.ImportanceMatrix.Entry;
import dev.lamina.session.Calibration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Adds up the squares of what goes into a model's matrices: those of the layers, as llama.cpp's
 * {@code llama-imatrix}. Each expert counts the rows that were routed to it.
 */
public final class ImportanceCollector implements Calibration.Activations {
  private final Map<String, Sums> tensors = new HashMap<>();

  /** What several tensors that get the same rows share. */
  private static final class Sums {
    private final double[] squares;
    private final long[] counts;

    Sums(int columns, int matrices) {
      squares = new double[Math.multiplyExact(columns, matrices)];
      counts = new long[matrices];
    }

    void add(float[] rows, int from, int matrix) {
      int columns = squares.length / counts.length;
      int to = matrix * columns;
      for (int i = 0; i < columns; i++) {
        double v = rows[from + i];
        squares[to + i] += v * v;
      }
      counts[matrix]++;
    }
  }

  @Override
  public void plain(List<TensorSpec> weights, float[] rows, int count) {
    int columns = weights.getFirst().cols();
    Sums sums = sums(weights, columns, 1);
    for (int t = 0; t < count; t++) {
      sums.add(rows, t * columns, 0);
    }
  }

  @Override
  public void experts(
      List<TensorSpec> weights,
      int used,
      boolean perExpert,
      float[] rows,
      float[] routing,
      int count) {
    int columns = weights.getFirst().cols();
    Sums sums = sums(weights, columns, weights.getFirst().experts());
    for (int t = 0; t < count; t++) {
      for (int slot = 0; slot < used; slot++) {
        int expert = (int) routing[t * 2 * used + slot];
        int from = (perExpert ? t * used + slot : t) * columns;
        sums.add(rows, from, expert);
      }
    }
  }

  private Sums sums(List<TensorSpec> weights, int columns, int matrices) {
    Sums sums =
        tensors.computeIfAbsent(weights.getFirst().name(), n -> new Sums(columns, matrices));
    weights.forEach(weight -> tensors.putIfAbsent(weight.name(), sums));
    return sums;
  }

  /**
   * What has been added up.
   *
   * @param dataset name of the text
   * @param chunks windows read
   * @param chunkSize tokens of a window
   * @throws LaminaException where the model computed what is no number
   */
  public ImportanceMatrix matrix(String dataset, int chunks, int chunkSize) {
    SortedMap<String, Entry> entries = new TreeMap<>();
    tensors.forEach(
        (name, sums) -> {
          float[] squares = new float[sums.squares.length];
          for (int i = 0; i < squares.length; i++) {
            squares[i] = (float) sums.squares[i];
            if (!Float.isFinite(squares[i])) {
              throw new LaminaException(
                  "what goes into "
                      + name
                      + " is no number: the model is damaged, or its device computes wrongly");
            }
          }
          entries.put(name, new Entry(squares, sums.counts.clone()));
        });
    return new ImportanceMatrix(entries, List.of(dataset), chunks, chunkSize);
  }
}
