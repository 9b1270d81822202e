package dev.lamina.cuda;

import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.shaders.Arg;
import dev.lamina.shaders.CardFeatures;
import dev.lamina.shaders.CardLaunches;
import dev.lamina.shaders.Launch;
import dev.lamina.shaders.LaunchPlan;
import dev.lamina.shaders.ProgramKey;
import dev.lamina.shaders.Region;
import dev.lamina.shaders.Tuning;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A plan of launches with the cards' own kernels in it. */
final class CardPlan {
  private final LaunchPlan plan;
  private final Map<Output, List<Launch>> launches = new EnumMap<>(Output.class);

  private final long roundedBytes;

  CardPlan(Graph graph, Limits limits, Tuning tuning, CardFeatures features) {
    // Addresses have 64 bits here, and no weight needs to be cut.
    plan =
        new LaunchPlan(
            graph, limits, spec -> spec.experts() > 1 ? spec.experts() : spec.rows(), tuning);
    long most = 0;
    for (Output want : Output.values()) {
      CardLaunches rewritten = new CardLaunches(plan.launches(want), limits, features);
      launches.put(want, rewritten.launches());
      most = Math.max(most, rewritten.roundedBytes());
    }
    roundedBytes = most;
  }

  /** What the kernels have in common on all devices. */
  LaunchPlan common() {
    return plan;
  }

  /** The launches of a step that wants this, in order. */
  List<Launch> launches(Output want) {
    return launches.get(want);
  }

  /** Bytes of {@link Region.Rounded}. */
  long roundedBytes() {
    return roundedBytes;
  }

  /** All memory that the launches name. */
  Set<Region> regions() {
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
  Set<ProgramKey> programs() {
    Set<ProgramKey> programs = new LinkedHashSet<>();
    launches.values().forEach(list -> list.forEach(l -> programs.add(l.kernel().program())));
    return programs;
  }

  /** Bytes beside weights and pages. */
  long workBytes() {
    long turns = 0;
    for (Region region : plan.regions()) {
      if (region instanceof Region.Turns(var rope)) {
        turns += (long) Long.BYTES * (rope.dims() / 2);
      }
    }
    return plan.bytes() + roundedBytes + turns;
  }
}
