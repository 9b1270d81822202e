package dev.lamina.shaders;

import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.GgmlType;

/**
 * What decides which kernels a card runs.
 *
 * @param tensor whether the matrix units of NVIDIA's compute capability 8.0 are used
 * @param integers whether activations are rounded to 8-bit integers for weights made of integers
 * @param repack whether weights may have another layout than in the file
 */
public record CardFeatures(boolean tensor, boolean integers, boolean repack) {
  /** How products read a type of weights as integers; null where they read it as floats. */
  public IntegerFormat integers(GgmlType type) {
    IntegerFormat format = integers ? IntegerFormat.of(type) : null;
    return format != null && format.apart() && !repack ? null : format;
  }

  /** The layout of a weight where it is not the file's; else null. */
  public IntegerFormat layout(TensorSpec spec) {
    IntegerFormat format = spec.use() == TensorSpec.Use.MATRIX ? integers(spec.type()) : null;
    return format != null && format.apart() ? format : null;
  }
}
