package dev.lamina.model;

import dev.lamina.backend.Value;

/**
 * One architecture: what its files say beyond the common hyper-parameters, and the order of the
 * shared blocks in a layer. Stateless; registered in {@link Architectures}.
 */
interface Architecture {
  /** The value of {@code general.architecture}. */
  String gguf();

  /** Adds what this architecture has of its own to the common hyper-parameters. */
  void configure(ConfigBuilder config);

  /** Adds layer {@code layer} to the graph: from the hidden state to the next. */
  Value layer(Blocks blocks, int layer, Value hidden);
}
