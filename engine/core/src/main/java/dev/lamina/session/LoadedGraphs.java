package dev.lamina.session;

import dev.lamina.backend.Device;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Program;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import dev.lamina.gguf.GgufFile;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Weights of a file on a device, and programs that share them. */
final class LoadedGraphs implements AutoCloseable {
  private final Map<TensorSpec, Weight> weights = new LinkedHashMap<>();
  private final List<Program> programs = new ArrayList<>();

  /**
   * @param all names the weights
   * @param graphs become programs, which need no others
   */
  LoadedGraphs(GgufFile file, Device device, Graph all, List<Graph> graphs, Limits limits) {
    WeightSource source = new FileWeights(file);
    boolean done = false;
    try {
      for (TensorSpec spec : all.weights()) {
        weights.put(spec, device.load(spec, source.data(spec)));
      }
      for (Graph one : graphs) {
        programs.add(device.compile(one, weights, limits));
      }
      done = true;
    } finally {
      if (!done) {
        close();
      }
    }
  }

  /** As many as graphs, in their order. */
  List<Program> programs() {
    return programs;
  }

  @Override
  public void close() {
    programs.forEach(Program::close);
    weights.values().forEach(Weight::close);
  }
}
