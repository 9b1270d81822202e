package dev.lamina.session;

import dev.lamina.backend.Device;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Step;
import dev.lamina.backend.TensorSpec;
import dev.lamina.model.ModelGraph;
import dev.lamina.placement.Placement;
import dev.lamina.placement.Stage;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * The embedding and all stages of a placement, opened and chained: one copy of the hidden state at
 * each edge.
 */
final class Stages implements AutoCloseable {
  private final ModelGraph model;
  private final List<OpenStage> chain = new ArrayList<>();

  private Stages(ModelGraph model) {
    this.model = model;
  }

  static Stages open(
      Placement placement,
      ModelGraph model,
      Limits limits,
      WeightSource source,
      LoadProgress progress)
      throws StageFailure {
    Stages stages = new Stages(model);
    Graph embedding = model.embedding();
    List<Graph> graphs = new ArrayList<>();
    for (Stage stage : placement.stages()) {
      graphs.add(stage.graph(model));
    }
    long total = bytes(embedding) + graphs.stream().mapToLong(Stages::bytes).sum();
    LongConsumer loaded =
        new LongConsumer() {
          private long done;

          @Override
          public void accept(long bytes) {
            done += bytes;
            progress.loaded(done, total);
          }
        };
    try {
      stages.chain.add(OpenStage.open(placement.embedding(), embedding, limits, source, loaded));
      for (int i = 0; i < graphs.size(); i++) {
        Device device = placement.stages().get(i).device();
        stages.chain.add(OpenStage.open(device, graphs.get(i), limits, source, loaded));
      }
      return stages;
    } catch (StageFailure | RuntimeException | Error e) {
      stages.close();
      throw e;
    }
  }

  private static long bytes(Graph graph) {
    return graph.weights().stream().mapToLong(TensorSpec::bytes).sum();
  }

  /**
   * Runs one step through all stages and waits for it. {@code target} receives what the step is
   * wanted for.
   */
  void run(Step step, MemorySegment target) throws StageFailure {
    long bytes = (long) step.tokens() * model.width() * Float.BYTES;
    OpenStage last = null;
    for (OpenStage stage : chain) {
      if (last != null) {
        last.passOn(stage, bytes);
      }
      stage.submit(step);
      last = stage;
    }
    if (step.outputs() == 0) {
      last.await();
    } else {
      last.read(step.want(), target);
    }
  }

  /** Bytes of one row of what a step is wanted for. */
  static long rowBytes(ModelGraph model, Output want) {
    return switch (want) {
      case HIDDEN -> (long) model.width() * Float.BYTES;
      case LOGITS -> (long) model.vocabulary() * Float.BYTES;
      case GREEDY -> Integer.BYTES;
    };
  }

  @Override
  public void close() {
    chain.forEach(OpenStage::close);
    chain.clear();
  }
}
