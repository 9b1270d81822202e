package dev.lamina.backend;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/**
 * Where a program's values come and go, with the errors that {@link Program} promises where the
 * graph has no such value.
 */
public final class ProgramBuffers<B extends Buffer> {
  private final B input;
  private final Map<Output, B> outputs = new EnumMap<>(Output.class);

  /** Makes the buffers of a graph: the one of its input, then those of its outputs. */
  public ProgramBuffers(Graph graph, Function<Value, B> input, Function<Value, B> output) {
    this.input = graph.input() == null ? null : input.apply(graph.input());
    graph.outputs().forEach((name, value) -> outputs.put(name, output.apply(value)));
  }

  /** {@link Program#input()}. */
  public B input() {
    if (input == null) {
      throw new IllegalStateException("the graph begins with an embedding lookup");
    }
    return input;
  }

  /** {@link Program#output}. */
  public B output(Output output) {
    B found = outputs.get(output);
    if (found == null) {
      throw new IllegalStateException("the graph does not make " + output);
    }
    return found;
  }

  /** All outputs that the graph makes. */
  public Map<Output, B> outputs() {
    return Collections.unmodifiableMap(outputs);
  }
}
