package dev.lamina.quantize;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How the importance of a tensor's columns is spread.
 *
 * @param tensor its name
 * @param total the sum of the mean squares of all columns
 * @param columns columns, of all experts together
 * @param covered share of the experts that the text reached; 1 for a plain matrix
 * @param min the least mean square
 * @param max the greatest
 * @param mean their mean
 * @param deviation their standard deviation
 * @param entropy of the columns' shares in {@code total}, in bits, of {@code log2(columns)} at most
 * @param cosine of the angle to the same tensor of the layer before, where there is one: how alike
 *     the two are
 */
public record ImportanceStatistics(
    String tensor,
    double total,
    int columns,
    double covered,
    double min,
    double max,
    double mean,
    double deviation,
    double entropy,
    OptionalDouble cosine) {
  private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,9})\\.");

  /** The statistics of all tensors, the most important first. */
  public static List<ImportanceStatistics> of(ImportanceMatrix matrix) {
    List<ImportanceStatistics> all = new ArrayList<>();
    matrix.entries().forEach((name, entry) -> all.add(of(matrix, name, entry)));
    all.sort(Comparator.comparingDouble(ImportanceStatistics::total).reversed());
    return all;
  }

  private static ImportanceStatistics of(
      ImportanceMatrix matrix, String name, ImportanceMatrix.Entry entry) {
    float[] means = entry.means();
    double total = 0;
    double squares = 0;
    double min = Double.POSITIVE_INFINITY;
    double max = 0;
    for (float v : means) {
      total += v;
      squares += (double) v * v;
      min = Math.min(min, v);
      max = Math.max(max, v);
    }
    double entropy = 0;
    for (float v : means) {
      if (v > 0) {
        entropy -= v / total * Math.log(v / total) / Math.log(2);
      }
    }
    double mean = total / means.length;
    double variance = Math.max(0, squares / means.length - mean * mean);
    return new ImportanceStatistics(
        name,
        total,
        means.length,
        entry.covered(),
        min,
        max,
        mean,
        Math.sqrt(variance),
        entropy,
        cosine(matrix, name, means));
  }

  private static OptionalDouble cosine(ImportanceMatrix matrix, String name, float[] means) {
    Matcher layer = LAYER.matcher(name);
    if (!layer.find() || Integer.parseInt(layer.group(1)) == 0) {
      return OptionalDouble.empty();
    }
    String before = layer.replaceFirst("blk." + (Integer.parseInt(layer.group(1)) - 1) + ".");
    float[] other = matrix.importance(before).orElse(new float[0]);
    if (other.length != means.length) {
      return OptionalDouble.empty();
    }
    double product = 0;
    double own = 0;
    double others = 0;
    for (int i = 0; i < means.length; i++) {
      product += (double) means[i] * other[i];
      own += (double) means[i] * means[i];
      others += (double) other[i] * other[i];
    }
    return own == 0 || others == 0
        ? OptionalDouble.empty()
        : OptionalDouble.of(product / Math.sqrt(own * others));
  }
}
