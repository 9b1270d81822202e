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
  /** Bytes of one position. */
  public long bytesPerPosition() {
    return typeK.rowBytes((long) nHeadKv * headDimK) + typeV.rowBytes((long) nHeadKv * headDimV);
  }
}
