package dev.lamina.placement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo.Kind;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.features.MatrixRules;
import dev.lamina.gguf.GgmlType;
import dev.lamina.model.DecoderGraph;
import dev.lamina.model.ModelOptions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What holds of every placement, on random models and devices. */
class PlannerPropertiesTest {
  private static final GgmlType[] TYPES = {
    GgmlType.F16, GgmlType.Q4_0, GgmlType.Q4_K, GgmlType.Q6_K, GgmlType.IQ3_S, GgmlType.IQ4_NL
  };

  @Test
  void holdOnRandomModelsAndDevices() {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      GgmlType[] types = new GgmlType[9];
      for (int i = 0; i < types.length; i++) {
        types[i] = TYPES[random.nextInt(random.nextBoolean() ? 2 : TYPES.length)];
      }
      DecoderGraph model =
          MadeUpModels.model(
              MadeUpModels.SMALL, (tensor, layer) -> types[layer + 1], ModelOptions.DEFAULT);
      List<Device> devices = new ArrayList<>();
      int count = random.nextInt(4);
      for (int i = 0; i < count; i++) {
        devices.add(device(random, i));
      }
      GpuLayers layers =
          switch (random.nextInt(3)) {
            case 0 -> GpuLayers.AUTO;
            case 1 -> GpuLayers.ALL;
            default -> GpuLayers.of(random.nextInt(12));
          };
      PlacementRequest request =
          PlacementRequest.DEFAULT
              .withGpuLayers(layers)
              .withMemoryMargin(random.nextInt(1 << 20))
              .withKvOffload(random.nextInt(10) > 0);
      if (count > 1 && random.nextBoolean()) {
        request =
            request.withTensorSplit(
                IntStream.range(0, count)
                    .mapToObj(i -> (double) random.nextInt(4))
                    .toArray(Double[]::new));
      }
      check("seed " + seed, model, devices, request);
    }
  }

  private static Device device(Random random, int number) {
    String[] backends = {"CUDA", "ROCm", "OpenCL", "Vulkan"};
    Kind[] kinds = {Kind.DISCRETE_GPU, Kind.DISCRETE_GPU, Kind.INTEGRATED_GPU, Kind.SOFTWARE_GPU};
    Set<GgmlType> refused = EnumSet.noneOf(GgmlType.class);
    if (random.nextInt(3) == 0) {
      refused.add(TYPES[random.nextInt(TYPES.length)]);
    }
    return MadeUpDevice.of(
            backends[random.nextInt(4)] + number,
            kinds[random.nextInt(4)],
            random.nextLong(24 * MadeUpDevice.MIB))
        .supporting(
            op ->
                op.weights().stream().anyMatch(w -> refused.contains(w.type()))
                    ? Support.no("made so")
                    : Support.FULL);
  }

  private static void check(
      String seed, DecoderGraph model, List<Device> devices, PlacementRequest request) {
    Limits limits = MadeUpModels.limits(model, 256);
    Placement p = Planner.plan(model, limits, devices, MadeUpDevice.cpu(), request);
    String all = seed + "\n" + String.join("\n", p.summary());
    int next = 0;
    Device before = null;
    for (Stage stage : p.stages()) {
      assertEquals(next, stage.first(), all);
      assertTrue(stage.end() > stage.first() || stage.output(), all);
      assertNotEquals(before, stage.device(), all);
      Graph graph = stage.graph(model);
      for (Op op : graph.ops()) {
        Support support =
            MatrixRules.apply(stage.device().info().backend(), op, stage.device().supports(op));
        assertTrue(support.runs(), () -> all + "\n" + op);
      }
      assertEquals(
          graph.weights().stream().mapToLong(TensorSpec::bytes).sum(), stage.weightBytes(), all);
      assertEquals(graph.kv().stream().mapToLong(limits::kvBytes).sum(), stage.kvBytes(), all);
      next = stage.end();
      before = stage.device();
    }
    assertEquals(model.layers(), next, all);
    assertTrue(p.stages().getLast().output(), all);
    for (Placement.DeviceUse use : p.devices()) {
      if (!Placement.isCpu(use.device())) {
        assertTrue(use.bytes() == 0 || use.bytes() + use.marginBytes() <= use.freeBytes(), all);
      }
    }
    int asked = request.gpuLayers().slots(model.layers());
    for (LayerPlacement layer : p.layers()) {
      boolean cpu = Placement.isCpu(layer.device());
      assertEquals(cpu, layer.reason().kind() != Reason.Kind.PLACED, all);
      assertNotEquals(Kind.SOFTWARE_GPU, layer.device().info().kind(), all);
      if (layer.layer() < model.layers() + 1 - asked) {
        assertEquals(Reason.Kind.NOT_ASKED, layer.reason().kind(), all);
      }
      if (!request.kvOffload() && layer.layer() < model.layers()) {
        assertTrue(cpu, all);
      }
      if (layer.reason().kind() == Reason.Kind.RULE) {
        boolean iQuant =
            model
                .stage(
                    layer.layer(),
                    Math.min(layer.layer() + 1, model.layers()),
                    layer.layer() == model.layers())
                .weights()
                .stream()
                .anyMatch(w -> w.type().isIQuant());
        assertTrue(iQuant, all);
      }
      if (layer.reason().kind() == Reason.Kind.NO_DEVICE) {
        assertEquals(0, p.offloaded(), all);
      }
    }
  }
}
