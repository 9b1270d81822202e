package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;

/** Any type by the engine's scalar decoder: for types without a kernel of their own. */
final class ScalarFormat extends WeightFormat {
  private final Dequantizer dequantizer;

  private ScalarFormat(GgmlType type) {
    super(type);
    dequantizer = Dequantizer.of(type);
  }

  static ScalarFormat of(GgmlType type) {
    return new ScalarFormat(type);
  }

  @Override
  public void decode(long source, long target, int n) {
    dequantizer.decode(Simd.ALL, source, Simd.ALL, target, n);
  }
}
