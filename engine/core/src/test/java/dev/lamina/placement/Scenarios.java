package dev.lamina.placement;

import static dev.lamina.placement.MadeUpModels.SMALL;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.Device;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.GgmlType;
import dev.lamina.model.DecoderGraph;
import dev.lamina.model.ModelGraph;
import dev.lamina.model.ModelOptions;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What the tests of placement share: a small model, requests, and how a placement is written down.
 */
final class Scenarios {
  static final Device CPU = MadeUpDevice.cpu();
  static final DecoderGraph F16 = MadeUpModels.model(SMALL, GgmlType.F16);
  static final PlacementRequest AUTO = PlacementRequest.DEFAULT;
  static final PlacementRequest ALL = AUTO.withGpuLayers(GpuLayers.ALL);

  private Scenarios() {}

  static Placement plan(ModelGraph model, int context, PlacementRequest request, Device... gpus) {
    Limits limits = MadeUpModels.limits(model, context);
    Placement p = Planner.plan(model, limits, List.of(gpus), CPU, request);
    for (Placement.DeviceUse use : p.devices()) {
      if (!Placement.isCpu(use.device())) {
        assertTrue(use.bytes() <= Math.max(0, use.freeBytes() - use.marginBytes()), "fits");
      }
    }
    return p;
  }

  static Placement packed(Placement p) {
    checkStages(F16, p);
    return p;
  }

  static DecoderGraph mixed(BiFunction<String, Integer, GgmlType> types) {
    return MadeUpModels.model(SMALL, types, ModelOptions.DEFAULT);
  }

  static Function<Op, Support> weights(
      java.util.function.Predicate<TensorSpec> runs, String otherwise) {
    return op -> op.weights().stream().allMatch(runs) ? Support.FULL : Support.no(otherwise);
  }

  static long bytes(Device device, Graph graph, Limits limits) {
    return graph.weights().stream().mapToLong(TensorSpec::bytes).sum()
        + graph.kv().stream().mapToLong(limits::kvBytes).sum()
        + device.workBytes(graph, limits);
  }

  /** Bytes of all tensors, a tied one counted once. */
  static long tensorBytes(ModelGraph model) {
    Map<String, Long> byName =
        java.util.stream.Stream.concat(
                model.embedding().weights().stream(),
                model.stage(0, model.layers(), true).weights().stream())
            .collect(Collectors.toMap(TensorSpec::name, TensorSpec::bytes, (a, b) -> a));
    return byName.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Such as {@code CPU 0-3; CUDA0 4-8}, the output being one more than the last layer. */
  static String where(Placement p) {
    return p.stages().stream()
        .map(
            s -> {
              int last = s.output() ? s.end() : s.end() - 1;
              String slots = s.first() == s.end() ? "" + s.end() : s.first() + "-" + last;
              return s.deviceId() + " " + slots;
            })
        .collect(Collectors.joining("; "));
  }

  static void checkStages(ModelGraph model, Placement p) {
    int next = 0;
    for (Stage stage : p.stages()) {
      assertEquals(next, stage.first());
      assertEquals(stage.output(), stage == p.stages().getLast());
      for (int layer = stage.first(); layer < stage.end(); layer++) {
        assertSame(stage.device(), p.layer(layer).device());
      }
      Graph graph = stage.graph(model);
      assertEquals(
          graph.weights().stream().mapToLong(TensorSpec::bytes).sum(), stage.weightBytes());
      next = stage.end();
    }
    assertEquals(model.layers(), next);
  }
}
