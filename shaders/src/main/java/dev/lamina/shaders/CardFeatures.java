package dev.lamina.shaders;

import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.GgmlType;

/**
 * What decides which kernels a card runs.
 *
 * @param units the matrix units that are used
 * @param integers whether activations are rounded to 8-bit integers for weights made of integers
 * @param repack whether weights may have another layout than in the file
 * @param ahead whether programs are made for all models: {@link CardKernels#programs}, with
 *     attention for heads of any size
 * @param tuning how work is cut
 */
public record CardFeatures(
    MatrixUnits units, boolean integers, boolean repack, boolean ahead, Tuning tuning) {
  /** How products read a type of weights as integers; null where they read it as floats. */
  public IntegerFormat integers(GgmlType type) {
    IntegerFormat format = integers ? IntegerFormat.of(type) : null;
    if (format == null || format.apart() && !repack) {
      return null;
    }
    return CardKernels.tileBytes(type, this) <= tuning.localBytes() ? format : null;
  }

  /** The layout of a weight where it is not the file's; else null. */
  public IntegerFormat layout(TensorSpec spec) {
    IntegerFormat format = spec.use() == TensorSpec.Use.MATRIX ? integers(spec.type()) : null;
    return format != null && format.apart() ? format : null;
  }

  /** Bytes of a row of a weight as it lies on the card. */
  public long rowBytes(TensorSpec spec) {
    IntegerFormat layout = layout(spec);
    return layout == null
        ? spec.type().rowBytes(spec.cols())
        : layout.rowBytes(spec.type(), spec.cols());
  }
}
