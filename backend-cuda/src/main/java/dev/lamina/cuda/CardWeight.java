package dev.lamina.cuda;

import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.shaders.CardFeatures;
import dev.lamina.shaders.IntegerFormat;
import java.lang.foreign.MemorySegment;

/**
 * A tensor on a card: tables as the file has them, vectors as float32, matrices as the kernels want
 * them.
 */
final class CardWeight implements Weight {
  private final CardDevice device;
  private final TensorSpec spec;
  private final CardMemory memory;
  private final MemorySegment data;

  CardWeight(CardDevice device, TensorSpec spec, CardMemory memory, MemorySegment data) {
    this.device = device;
    this.spec = spec;
    this.memory = memory;
    this.data = data;
  }

  /** Bytes on a card with these features. */
  static long bytes(TensorSpec spec, CardFeatures features) {
    IntegerFormat layout = features.layout(spec);
    if (layout != null) {
      return Math.multiplyExact(layout.rowBytes(spec.type(), spec.cols()), rows(spec));
    }
    return spec.use() == TensorSpec.Use.VECTOR ? (long) Float.BYTES * spec.cols() : spec.bytes();
  }

  /** Rows of all experts. */
  static long rows(TensorSpec spec) {
    return Math.multiplyExact((long) spec.rows(), (long) spec.experts());
  }

  /** A vector's values. */
  static float[] values(TensorSpec spec, MemorySegment data) {
    float[] values = new float[spec.cols()];
    Dequantizer.decode(spec.type(), data, 0, values, 0, values.length);
    return values;
  }

  CardDevice device() {
    return device;
  }

  long address() {
    return memory.address();
  }

  /** A vector's values, from the file's mapping, which outlives the weight. */
  float[] values() {
    return values(spec, data);
  }

  @Override
  public TensorSpec spec() {
    return spec;
  }

  @Override
  public long bytes() {
    return memory.bytes();
  }

  @Override
  public void close() {
    device.free(memory);
  }
}
