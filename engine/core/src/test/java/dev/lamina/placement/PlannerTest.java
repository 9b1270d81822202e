package dev.lamina.placement;

import static dev.lamina.placement.MadeUpDevice.GIB;
import static dev.lamina.placement.MadeUpDevice.MIB;
import static dev.lamina.placement.MadeUpModels.SMALL;
import static dev.lamina.placement.Scenarios.ALL;
import static dev.lamina.placement.Scenarios.AUTO;
import static dev.lamina.placement.Scenarios.CPU;
import static dev.lamina.placement.Scenarios.F16;
import static dev.lamina.placement.Scenarios.bytes;
import static dev.lamina.placement.Scenarios.checkStages;
import static dev.lamina.placement.Scenarios.mixed;
import static dev.lamina.placement.Scenarios.plan;
import static dev.lamina.placement.Scenarios.tensorBytes;
import static dev.lamina.placement.Scenarios.weights;
import static dev.lamina.placement.Scenarios.where;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.backend.Device;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.gguf.GgmlType;
import dev.lamina.model.DecoderGraph;
import dev.lamina.model.ModelOptions;
import dev.lamina.placement.MadeUpModels.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scenarios with one device: sizes and support sets in, layers out. */
class PlannerTest {
  // ---- -ngl: N counts the output first, then the last layers

  @ParameterizedTest
  @CsvSource({
    "0, CPU 0-8",
    "1, CPU 0-7; CUDA0 8",
    "2, CPU 0-6; CUDA0 7-8",
    "4, CPU 0-4; CUDA0 5-8",
    "8, CPU 0-0; CUDA0 1-8",
    "9, CUDA0 0-8",
    "10, CUDA0 0-8",
    "999, CUDA0 0-8",
    "all, CUDA0 0-8",
    "-1, CUDA0 0-8",
    "-2, CUDA0 0-8",
  })
  void nglCountsTheOutputFirst(String ngl, String expected) {
    Device gpu = MadeUpDevice.card("CUDA0", GIB);
    PlacementRequest request = AUTO.withGpuLayers(GpuLayers.parse(ngl));
    assertEquals(expected, where(plan(F16, 64, request, gpu)));
  }

  @Test
  void nglThatIsNoNumberIsRefused() {
    for (String bad : List.of("-3", "many", "", "1.5", "99999999999")) {
      LaminaException e = assertThrows(LaminaException.class, () -> GpuLayers.parse(bad));
      assertTrue(e.getMessage().contains("-ngl takes"), e.getMessage());
    }
  }

  @Test
  void everyLayerHasAReasonAndTheStagesCoverTheModelOnce() {
    Placement p =
        plan(F16, 64, AUTO.withGpuLayers(GpuLayers.of(3)), MadeUpDevice.card("CUDA0", GIB));
    assertEquals(9, p.layers().size());
    assertEquals(Reason.Kind.NOT_ASKED, p.layer(0).reason().kind());
    assertEquals(Reason.Kind.PLACED, p.layer(6).reason().kind());
    assertEquals(Reason.Kind.PLACED, p.layer(8).reason().kind());
    assertEquals(3, p.offloaded());
    assertSame(CPU, p.embedding());
    checkStages(F16, p);
  }

  // ---- memory

  @Test
  void noMemoryAtAll() {
    for (PlacementRequest request : List.of(AUTO, ALL)) {
      Placement p = plan(F16, 64, request, MadeUpDevice.card("CUDA0", 0));
      assertEquals("CPU 0-8", where(p));
      assertEquals(Reason.Kind.MEMORY, p.layer(7).reason().kind());
    }
  }

  @Test
  void memoryForThreeLayersOnly() {
    Limits limits = MadeUpModels.limits(F16, 64);
    Device probe = MadeUpDevice.card("CUDA0", GIB);
    // The output and the last three layers, to the byte.
    long need = bytes(probe, F16.stage(5, 8, true), limits);
    PlacementRequest exact = ALL.withMemoryMargin(10);
    assertEquals(
        "CPU 0-4; CUDA0 5-8", where(plan(F16, 64, exact, MadeUpDevice.card("CUDA0", need + 10))));
    Placement p = plan(F16, 64, exact, MadeUpDevice.card("CUDA0", need + 9));
    assertEquals("CPU 0-5; CUDA0 6-8", where(p));
    String why = p.layer(5).reason().text();
    assertTrue(why.startsWith("CUDA0: full: layer 5 would take "), why);
    assertEquals(why, p.layer(0).reason().text());
    assertTrue(String.join("\n", p.summary()).contains("layers 0-5 on the CPU: CUDA0: full"));
  }

  @Test
  void theMarginStaysFree() {
    Limits limits = MadeUpModels.limits(F16, 64);
    long all = bytes(MadeUpDevice.card("CUDA0", GIB), F16.stage(0, 8, true), limits);
    assertEquals(
        "CUDA0 0-8", where(plan(F16, 64, AUTO, MadeUpDevice.card("CUDA0", all + 256 * MIB))));
    assertEquals(
        "CPU 0-0; CUDA0 1-8",
        where(plan(F16, 64, AUTO, MadeUpDevice.card("CUDA0", all + 256 * MIB - 1))));
  }

  @Test
  void anOutputTooLargeDoesNotKeepTheLayersOff() {
    DecoderGraph model =
        MadeUpModels.model(
            new Shape("llama", 256, 4, 4, 2, 64, 512, 400_000, false, 0), GgmlType.F16);
    Placement p = plan(model, 64, ALL.withMemoryMargin(0), MadeUpDevice.card("CUDA0", 100 * MIB));
    assertEquals("CUDA0 0-3; CPU 4", where(p));
    assertEquals(Reason.Kind.MEMORY, p.layer(4).reason().kind());
  }

  @Test
  void aLongContextLeavesRoomForFewerLayers() {
    DecoderGraph model = MadeUpModels.file("llama-8b Q4_K_M", ModelOptions.DEFAULT);
    Device gpu = MadeUpDevice.card("CUDA0", 8 * GIB);
    assertEquals(33, plan(model, 4096, AUTO, gpu).offloaded());
    Placement longer = plan(model, 65536, AUTO, gpu);
    // 65536 positions x 4 KiB = 256 MiB a layer, beside about 120 MiB of weights.
    assertTrue(longer.offloaded() >= 15 && longer.offloaded() <= 20, where(longer));
    assertEquals(256 * MIB * longer.stages().get(1).layers(), longer.stages().get(1).kvBytes());
  }

  @Test
  void quantizedKeysAndValuesLeaveRoomForMore() {
    Device gpu = MadeUpDevice.card("CUDA0", 8 * GIB);
    DecoderGraph f16 = MadeUpModels.file("llama-8b Q4_K_M", ModelOptions.DEFAULT);
    DecoderGraph q8 =
        MadeUpModels.file(
            "llama-8b Q4_K_M", ModelOptions.DEFAULT.withKv(GgmlType.Q8_0, GgmlType.Q8_0));
    int with16 = plan(f16, 65536, AUTO, gpu).offloaded();
    int with8 = plan(q8, 65536, AUTO, gpu).offloaded();
    assertTrue(with8 > with16 + 5, with8 + " > " + with16);
  }

  // ---- the model cards' advice

  @ParameterizedTest
  @CsvSource({
    "llama-8b Q4_K_M, 1.0",
    "llama-8b Q6_K, 1.0",
    "llama-8b Q8_0, 1.0",
    "llama-8b IQ3_M+imatrix, 1.0",
    "qwen2-7b Q6_K, 1.0",
    "gemma3-12b Q5_K_M, 1.5",
    "mixtral-8x7b Q4_K_M, 1.5",
    "llama-70b IQ2_M+imatrix, 1.5",
    "llama-70b Q4_K_M, 1.5",
    // 1.34 GB of keys and values alone.
    "llama-70b Q2_K, 2.0",
  })
  void aFileOneOrTwoGigabytesSmallerThanTheMemoryGoesWhollyToTheCard(
      String file, double gigabytes) {
    DecoderGraph model = MadeUpModels.file(file, ModelOptions.DEFAULT);
    long tensors = MadeUpModels.fileBytes(file);
    assertEquals(tensors, tensorBytes(model), tensors * 0.001, "the made-up model is the file's");
    Device gpu = MadeUpDevice.card("CUDA0", tensors + Math.round(gigabytes * 1e9));
    Placement p = plan(model, 4096, AUTO, gpu);
    assertEquals("CUDA0 0-" + model.layers(), where(p), String.join("\n", p.summary()));
  }

  @Test
  void aFileLargerThanTheMemoryIsSplitWithTheCpu() {
    DecoderGraph model = MadeUpModels.file("llama-70b Q4_K_M", ModelOptions.DEFAULT);
    Placement p = plan(model, 4096, AUTO, MadeUpDevice.card("CUDA0", 24 * GIB));
    assertEquals(2, p.stages().size());
    assertTrue(p.offloaded() > 38 && p.offloaded() < 50, where(p));
    assertTrue(p.devices().get(1).bytes() <= 24 * GIB - p.devices().get(1).marginBytes());
  }

  @Test
  void planningAnEightyLayerModelIsQuick() {
    DecoderGraph model = MadeUpModels.file("llama-70b Q4_K_M", ModelOptions.DEFAULT);
    Device[] gpus = {MadeUpDevice.card("CUDA0", 24 * GIB), MadeUpDevice.card("CUDA1", 24 * GIB)};
    plan(model, 4096, ALL, gpus);
    long start = System.nanoTime();
    plan(model, 4096, ALL, gpus);
    long millis = (System.nanoTime() - start) / 1_000_000;
    assertTrue(millis < 2000, millis + " ms");
  }

  // ---- support and rules

  @Test
  void iQuantsStayOffVulkanWhateverTheDeviceClaims() {
    DecoderGraph model = MadeUpModels.file("llama-8b IQ3_M+imatrix", ModelOptions.DEFAULT);
    Device vulkan = MadeUpDevice.card("Vulkan0", 24 * GIB);
    assertEquals("CUDA0 0-32", where(plan(model, 4096, ALL, MadeUpDevice.card("CUDA0", 24 * GIB))));
    assertEquals("CPU 0-32", where(plan(model, 4096, AUTO, vulkan)));
    Placement p = plan(model, 4096, ALL, vulkan);
    // The output matrix is Q6_K, and was asked for.
    assertEquals("CPU 0-31; Vulkan0 32", where(p));
    for (int layer = 0; layer < 32; layer++) {
      assertEquals(Reason.Kind.RULE, p.layer(layer).reason().kind());
    }
    assertTrue(
        String.join("\n", p.summary())
            .contains("layers 0-31 on the CPU: Vulkan0: IQ3_S: I-quants are not offered on Vulkan"),
        String.join("\n", p.summary()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_NL", "IQ4_XS"
      })
  void everyIQuantStaysOffVulkan(String type) {
    DecoderGraph model = MadeUpModels.model(SMALL, GgmlType.valueOf(type));
    assertEquals("CPU 0-8", where(plan(model, 64, ALL, MadeUpDevice.card("Vulkan0", GIB))));
    assertEquals("OpenCL0 0-8", where(plan(model, 64, ALL, MadeUpDevice.card("OpenCL0", GIB))));
  }

  @Test
  void inAMixedFileTheLayersWithoutIQuantsGo() {
    DecoderGraph model =
        mixed(
            (tensor, layer) ->
                (layer == 2 || layer == 3) && tensor.equals("ffn_up")
                    ? GgmlType.IQ4_XS
                    : GgmlType.Q4_K);
    Placement p = plan(model, 64, ALL, MadeUpDevice.card("Vulkan0", GIB));
    assertEquals("Vulkan0 0-1; CPU 2-3; Vulkan0 4-8", where(p));
    assertEquals(Reason.Kind.RULE, p.layer(2).reason().kind());
    assertEquals(Reason.Kind.PLACED, p.layer(1).reason().kind());
    checkStages(model, p);
  }

  @Test
  void layersThatOneDeviceRefusesGoToAnotherThatTakesThem() {
    DecoderGraph model = mixed((tensor, layer) -> layer == 5 ? GgmlType.IQ2_S : GgmlType.Q6_K);
    Placement p =
        plan(
            model,
            64,
            ALL.withTensorSplit(0.0001, 1.0),
            MadeUpDevice.card("CUDA0", GIB),
            MadeUpDevice.card("Vulkan0", GIB));
    assertEquals("CUDA0 0-0; Vulkan0 1-4; CUDA0 5-5; Vulkan0 6-8", where(p));
  }

  @Test
  void aTypeThatTheDeviceDoesNotRun() {
    Device gpu =
        MadeUpDevice.card("ROCm0", GIB)
            .supporting(weights(t -> t.type() != GgmlType.MXFP4, "no MXFP4 kernel"));
    DecoderGraph model =
        mixed((tensor, layer) -> layer >= 0 && layer < 4 ? GgmlType.MXFP4 : GgmlType.Q8_0);
    Placement p = plan(model, 64, ALL, gpu);
    assertEquals("CPU 0-3; ROCm0 4-8", where(p));
    assertEquals(
        new Reason(Reason.Kind.UNSUPPORTED, "ROCm0: no MXFP4 kernel"), p.layer(0).reason());
  }

  @Test
  void expertsThatTheDeviceDoesNotRun() {
    DecoderGraph model = MadeUpModels.file("mixtral-8x7b Q4_K_M", ModelOptions.DEFAULT);
    Device gpu =
        MadeUpDevice.card("OpenCL0", 80 * GIB)
            .supporting(
                op -> op instanceof Op.ExpertMatMul ? Support.no("no experts yet") : Support.FULL);
    assertEquals("CPU 0-31; OpenCL0 32", where(plan(model, 4096, ALL, gpu)));
    assertEquals("CPU 0-32", where(plan(model, 4096, AUTO, gpu)));
  }

  @Test
  void keysAndValuesThatTheDeviceDoesNotStore() {
    DecoderGraph model =
        MadeUpModels.model(
            SMALL,
            (tensor, layer) -> GgmlType.Q8_0,
            ModelOptions.DEFAULT.withKv(GgmlType.F16, GgmlType.Q4_0));
    Device gpu =
        MadeUpDevice.card("CUDA0", GIB)
            .supporting(
                op ->
                    op instanceof Op.KvStore s && s.kv().typeV() == GgmlType.Q4_0
                        ? Support.no("no Q4_0 values")
                        : Support.FULL);
    Placement p = plan(model, 64, ALL, gpu);
    assertEquals("CPU 0-7; CUDA0 8", where(p));
    assertEquals("CUDA0: no Q4_0 values", p.layer(7).reason().text());
  }

  @Test
  void whatIsSlowRunsAllTheSame() {
    Device gpu = MadeUpDevice.card("OpenCL0", GIB).supporting(op -> Support.slow("no subgroups"));
    assertEquals("OpenCL0 0-8", where(plan(F16, 64, AUTO, gpu)));
  }

  @Test
  void autoLeavesSmallIslandsToTheCpu() {
    // Layer 3 alone between layers that stay: 0.4 MiB of weights are not worth two copies.
    DecoderGraph model =
        mixed(
            (tensor, layer) ->
                layer >= 0 && layer < 6 && layer != 3 ? GgmlType.IQ3_S : GgmlType.Q4_K);
    Device gpu = MadeUpDevice.card("Vulkan0", GIB);
    assertEquals("CPU 0-5; Vulkan0 6-8", where(plan(model, 64, AUTO, gpu)));
    assertEquals(Reason.Kind.NOT_WORTH_IT, plan(model, 64, AUTO, gpu).layer(3).reason().kind());
    assertEquals("CPU 0-2; Vulkan0 3-3; CPU 4-5; Vulkan0 6-8", where(plan(model, 64, ALL, gpu)));
  }

  @Test
  void autoVisitsADeviceForALargeIsland() {
    Shape shape = new Shape("llama", 2048, 8, 16, 16, 128, 8192, 1024, false, 0);
    DecoderGraph model =
        MadeUpModels.model(
            shape,
            (tensor, layer) -> layer == 0 || layer == 7 ? GgmlType.IQ3_S : GgmlType.Q8_0,
            ModelOptions.DEFAULT);
    Placement p = plan(model, 64, AUTO, MadeUpDevice.card("Vulkan0", 4 * GIB));
    assertEquals("CPU 0-0; Vulkan0 1-6; CPU 7-7; Vulkan0 8", where(p));
  }
}
