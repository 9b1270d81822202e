package dev.lamina.shaders;

/**
 * Work-groups along one dimension: {@code ceil(count * factor / divisor) + plus}; without a count
 * just {@code plus}.
 */
public record Extent(Count count, int factor, int divisor, int plus) {
  static final Extent ONE = fixed(1);

  static Extent fixed(int groups) {
    return new Extent(null, 0, 1, groups);
  }

  static Extent of(Count count, int factor, int divisor) {
    return new Extent(count, factor, divisor, 0);
  }

  /** The number for a step. */
  public int of(StepData step) {
    return count == null
        ? plus
        : Math.toIntExact(((long) step.count(count) * factor + divisor - 1) / divisor) + plus;
  }
}
