package dev.lamina.backend;

import dev.lamina.gguf.GgmlType;

/**
 * The keys and values that one layer keeps, in pages of {@link Limits#pageSize()} positions.
 *
 * @param layer the layer's number in the model
 * @param group which page table it follows: layers that forget alike share one (all global layers,
 *     all with the same window)
 * @param nHeadKv key-value heads
 * @param headDimK values of a key head
 * @param headDimV values of a value head
 * @param typeK how keys are stored: F32, F16, BF16, Q8_0 or Q4_0
 * @param typeV how values are stored, likewise
 */
public record KvSpec(
    int layer, int group, int nHeadKv, int headDimK, int headDimV, GgmlType typeK, GgmlType typeV) {
  public KvSpec {
    if (nHeadKv <= 0 || headDimK <= 0 || headDimV <= 0) {
      throw new IllegalArgumentException(
          "layer " + layer + ": " + nHeadKv + " heads of " + headDimK + " and " + headDimV);
    }
    if (!fits(typeK, headDimK) || !fits(typeV, headDimV)) {
      throw new IllegalArgumentException(
          "layer %d: heads of %d and %d values cannot be kept as %s and %s"
              .formatted(layer, headDimK, headDimV, typeK, typeV));
    }
  }

  /**
   * Whether heads of {@code headDim} values can be kept in this type: one of the five, and a head
   * is a whole number of its blocks (so that no block belongs to two heads).
   */
  public static boolean fits(GgmlType type, int headDim) {
    return switch (type) {
      case F32, F16, BF16 -> true;
      case Q8_0, Q4_0 -> headDim % type.blockSize() == 0;
      default -> false;
    };
  }

  /** Bytes of one position. */
  public long bytesPerPosition() {
    return typeK.rowBytes((long) nHeadKv * headDimK) + typeV.rowBytes((long) nHeadKv * headDimV);
  }
}
