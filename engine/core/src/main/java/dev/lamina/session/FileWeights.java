package dev.lamina.session;

import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.GgufException;
import dev.lamina.gguf.GgufFile;
import java.lang.foreign.MemorySegment;

/** The tensors of an open file. */
record FileWeights(GgufFile file) implements WeightSource {
  @Override
  public MemorySegment data(TensorSpec spec) {
    return file.data(
        file.tensor(spec.name())
            .orElseThrow(() -> new GgufException(name() + ": no tensor is named " + spec.name())));
  }

  @Override
  public String name() {
    return file.source();
  }
}
