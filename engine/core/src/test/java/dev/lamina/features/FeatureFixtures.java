package dev.lamina.features;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.gguf.GgmlType;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Backends with a support set made to order. */
public final class FeatureFixtures {
  private FeatureFixtures() {}

  public static FoundBackend backend(
      String name, Function<Op, Support> supports, Device... devices) {
    return new FoundBackend(
        name, Optional.of(capabilities(supports, Set.of(), true)), List.of(devices), List.of());
  }

  static Capabilities capabilities(
      Function<Op, Support> supports, Set<GgmlType> repacked, boolean severalDevices) {
    return new Capabilities() {
      @Override
      public Support supports(Op op) {
        return supports.apply(op);
      }

      @Override
      public Set<GgmlType> repacked() {
        return repacked;
      }

      @Override
      public boolean severalDevices() {
        return severalDevices;
      }
    };
  }
}
