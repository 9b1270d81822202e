package dev.lamina.shaders;

import dev.lamina.backend.ActivationPlan;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.Value;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A graph as launches of C-dialect kernels, with all that a backend needs to run them: what memory
 * there must be, which programs to compile, and how a step becomes arguments and sizes. Nothing in
 * here knows a driver.
 */
public final class LaunchPlan {
  /** Routers and expert weights of more experts are not supported. */
  public static final int MOST_EXPERTS = 1024;

  /** Tokens that a row of a weight is read once for, where a step has few tokens but several. */
  static final int TOKENS_TOGETHER = 4;

  private final ActivationPlan activations;
  private final Map<Output, List<Launch>> launches = new EnumMap<>(Output.class);
  private final StepData stepData;
  private final Set<Region> outputs = new LinkedHashSet<>();
  private final long partialBytes;
  private final long expertPlanBytes;

  /**
   * Plans a graph.
   *
   * @throws DeviceException ({@code UNSUPPORTED}) where a step would be too large to be numbered in
   *     31 bits
   */
  public LaunchPlan(Graph graph, Limits limits, Parts parts, Tuning tuning) {
    activations = ActivationPlan.of(graph, limits);
    for (Op op : graph.ops()) {
      if (op.output() != null) {
        checkSize(op.output(), limits);
      }
    }
    graph.outputs().values().forEach(v -> outputs.add(new Region.Slot(activations.slot(v))));
    AttentionTiles tiles = AttentionTiles.of(graph, tuning);
    stepData = new StepData(limits, tiles.lists());
    long partial = 0;
    long plan = 0;
    for (Output output : Output.values()) {
      LaunchWriter writer = new LaunchWriter(limits, parts, tuning, activations, tiles, stepData);
      graph.opsFor(output).forEach(writer::write);
      launches.put(output, List.copyOf(writer.launches()));
      partial = Math.max(partial, writer.partialBytes());
      plan = Math.max(plan, writer.expertPlanBytes());
    }
    partialBytes = partial;
    expertPlanBytes = plan;
  }

  private static void checkSize(Value value, Limits limits) {
    long values = (long) value.width() * limits.maxRows(value.rows());
    if (values > Integer.MAX_VALUE / 2) {
      throw new DeviceException(
          DeviceException.Kind.UNSUPPORTED,
          "steps of %d tokens with %d values each are too large for these kernels: take a smaller -ub"
              .formatted(limits.maxRows(value.rows()), value.width()));
    }
  }

  /** Where the values are. */
  public ActivationPlan activations() {
    return activations;
  }

  /** The launches of a step that wants this, in order. */
  public List<Launch> launches(Output want) {
    return launches.get(want);
  }

  /** What is read after a step. */
  public Set<Region> outputs() {
    return outputs;
  }

  /** How a step is written. */
  public StepData stepData() {
    return stepData;
  }

  /** Bytes of {@link Region.Partial}; 0 where there is none. */
  public long partialBytes() {
    return partialBytes;
  }

  /** Bytes of {@link Region.ExpertPlan}; 0 where there is none. */
  public long expertPlanBytes() {
    return expertPlanBytes;
  }

  /** Bytes of activations, scratch and step data. */
  public long bytes() {
    return activations.bytes() + partialBytes + expertPlanBytes + stepData.bytes();
  }

  /** The tiles' shapes of all attention ops. */
  record AttentionTiles(List<Integer> lists, Tuning tuning) {
    static AttentionTiles of(Graph graph, Tuning tuning) {
      Set<Integer> sizes = new LinkedHashSet<>();
      for (Op op : graph.ops()) {
        if (op instanceof Op.Attention attention) {
          for (AttentionShape shape : AttentionShape.of(attention, tuning)) {
            sizes.add(shape.tokensInTile());
          }
        }
      }
      return new AttentionTiles(new ArrayList<>(sizes), tuning);
    }

    int list(AttentionShape shape) {
      return lists.indexOf(shape.tokensInTile());
    }
  }
}
