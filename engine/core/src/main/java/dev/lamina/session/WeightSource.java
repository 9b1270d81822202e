package dev.lamina.session;

import dev.lamina.backend.TensorSpec;
import java.lang.foreign.MemorySegment;

/** Where the bytes of a model's tensors come from: a mapped file, or memory. */
@FunctionalInterface
public interface WeightSource {
  /**
   * The bytes of a tensor, as long as {@link TensorSpec#bytes()}; they stay valid until the model
   * is closed.
   */
  MemorySegment data(TensorSpec spec);

  /** What to call it in messages. */
  default String name() {
    return "the model's weights";
  }
}
