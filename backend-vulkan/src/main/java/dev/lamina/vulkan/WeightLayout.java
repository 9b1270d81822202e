package dev.lamina.vulkan;

import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.GgmlType;

/**
 * How a matrix lies in device memory: a main plane of whole words and a scale plane behind it, so
 * that kernels read words alone, and neighbours read neighbouring ones. Float types are padded to
 * rows of whole blocks of 32 values.
 *
 * @param blocks blocks of the whole tensor; a row of a padded type counts as one here
 * @param blockBytes bytes of a block in the file
 * @param mainAt where in it the main bytes begin
 * @param mainBytes how many they are
 * @param mainWords words that they get
 * @param scaleAt where in it the bytes of the scale plane begin
 * @param scaleBytes how many they are: 0, 1, 2 or 4
 * @param blocksOfRow blocks of a row, as the kernels count them
 */
record WeightLayout(
    long blocks,
    int blockBytes,
    int mainAt,
    int mainBytes,
    int mainWords,
    int scaleAt,
    int scaleBytes,
    int blocksOfRow) {
  private static final int FLOATS = 32;
  private static final int ALIGNMENT = 256;

  /** The layout of a matrix, of all experts' matrices, or of a table. */
  static WeightLayout of(TensorSpec spec) {
    long rows = (long) spec.rows() * spec.experts();
    GgmlType type = spec.type();
    return switch (type) {
      case F32, F16, BF16 -> {
        int size = type == GgmlType.F32 ? 4 : 2;
        int blocks = (spec.cols() + FLOATS - 1) / FLOATS;
        int bytes = spec.cols() * size;
        yield new WeightLayout(rows, bytes, 0, bytes, blocks * FLOATS * size / 4, 0, 0, blocks);
      }
      case Q4_0, Q5_0, Q8_0 -> scaleFirst(spec, rows, 2);
      case Q4_1, Q5_1 -> scaleFirst(spec, rows, 4);
      case MXFP4 -> scaleFirst(spec, rows, 1);
      case Q3_K, Q6_K, TQ1_0, TQ2_0 -> scaleLast(spec, rows, 2);
      case Q2_K, Q4_K, Q5_K -> scaleLast(spec, rows, 0);
      case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S, IQ4_NL, IQ4_XS ->
          throw unsupported(type);
      case I8, I16, I32, I64, F64 -> throw unsupported(type);
    };
  }

  private static IllegalArgumentException unsupported(GgmlType type) {
    return new IllegalArgumentException(type + " has no layout on Vulkan devices");
  }

  private static WeightLayout scaleFirst(TensorSpec spec, long rows, int scaleBytes) {
    int bytes = Math.toIntExact(spec.type().rowBytes(spec.type().blockSize()));
    int main = bytes - scaleBytes;
    return whole(spec, rows, bytes, scaleBytes, main, 0, scaleBytes);
  }

  private static WeightLayout scaleLast(TensorSpec spec, long rows, int scaleBytes) {
    int bytes = Math.toIntExact(spec.type().rowBytes(spec.type().blockSize()));
    int main = bytes - scaleBytes;
    return whole(spec, rows, bytes, 0, main, main, scaleBytes);
  }

  private static WeightLayout whole(
      TensorSpec spec, long rows, int bytes, int mainAt, int main, int scaleAt, int scaleBytes) {
    int blocks = spec.cols() / spec.type().blockSize();
    return new WeightLayout(
        rows * blocks, bytes, mainAt, main, main / 4, scaleAt, scaleBytes, blocks);
  }

  /** Whether the main plane is the tensor as it lies in the file. */
  boolean isPlain() {
    return scaleBytes == 0 && blockBytes == 4 * mainWords;
  }

  /** Bytes of the main plane, up to where the scale plane begins. */
  long scalePlaneAt() {
    return roundUp(Math.multiplyExact(blocks, 4L * mainWords));
  }

  /** Bytes of both planes. */
  long bytes() {
    return scalePlaneAt() + roundUp(blocks * scaleBytes);
  }

  private static long roundUp(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }
}
