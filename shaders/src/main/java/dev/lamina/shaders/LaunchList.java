package dev.lamina.shaders;

import dev.lamina.backend.ActivationPlan;
import dev.lamina.backend.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Launches in the making, and how ops' values become their arguments. */
final class LaunchList {
  /** The greatest number of a step, for launches without one. */
  static final int ANY = Integer.MAX_VALUE;

  private final ActivationPlan activations;
  private final List<Launch> launches = new ArrayList<>();

  LaunchList(ActivationPlan activations) {
    this.activations = activations;
  }

  List<Launch> launches() {
    return launches;
  }

  void add(Launch launch) {
    launches.add(launch);
  }

  void add(Kernel kernel, Extent x, Extent y, Count when, int from, int to, Arg... args) {
    launches.add(new Launch(kernel, x, y, Extent.ONE, List.of(args), when, from, to));
  }

  static Kernel vectors(String entry, int items) {
    return new Kernel(new ProgramKey(KernelUnit.VECTORS, null, null, Map.of()), entry, items, 1);
  }

  Arg value(Value value) {
    return memory(new Region.Slot(activations.slot(value)));
  }

  static Arg memory(Region region) {
    return new Arg.Memory(region);
  }

  static Count rows(Value value) {
    return switch (value.rows()) {
      case TOKENS -> Count.TOKENS;
      case OUTPUTS -> Count.OUTPUTS;
    };
  }
}
