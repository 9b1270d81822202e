package dev.lamina.shaders;

import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A plan of launches with the kernels that a device has for itself in it. */
public final class CardPlan {
  private final LaunchPlan plan;
  private final Map<Output, List<Launch>> launches = new EnumMap<>(Output.class);
  private final long roundedBytes;

  /** Plans a graph; errors are those of {@link LaunchPlan}. */
  public CardPlan(Graph graph, Limits limits, Parts parts, CardFeatures features) {
    plan = new LaunchPlan(graph, limits, parts, features.tuning());
    long most = 0;
    for (Output want : Output.values()) {
      CardLaunches rewritten =
          new CardLaunches(plan.launches(want), plan.outputs(), limits, features);
      launches.put(want, rewritten.launches());
      most = Math.max(most, rewritten.roundedBytes());
    }
    roundedBytes = most;
  }

  /** What the kernels have in common on all devices. */
  public LaunchPlan common() {
    return plan;
  }

  /** The launches of a step that wants this, in order. */
  public List<Launch> launches(Output want) {
    return launches.get(want);
  }

  /** Bytes of {@link Region.Rounded}; 0 where there is none. */
  public long roundedBytes() {
    return roundedBytes;
  }

  /** All memory that the launches name. */
  public Set<Region> regions() {
    Set<Region> regions = new LinkedHashSet<>();
    for (List<Launch> list : launches.values()) {
      for (Launch launch : list) {
        for (Arg arg : launch.args()) {
          if (arg instanceof Arg.Memory(Region region)) {
            regions.add(region);
          }
        }
      }
    }
    return regions;
  }

  /** All programs that the launches need. */
  public Set<ProgramKey> programs() {
    Set<ProgramKey> programs = new LinkedHashSet<>();
    launches.values().forEach(list -> list.forEach(l -> programs.add(l.kernel().program())));
    return programs;
  }

  /** Bytes beside weights and pages. */
  public long workBytes() {
    long turns = 0;
    for (Region region : regions()) {
      if (region instanceof Region.Turns(var rope)) {
        turns += (long) Long.BYTES * (rope.dims() / 2);
      }
    }
    return plan.bytes() + roundedBytes + turns;
  }
}
