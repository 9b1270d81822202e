package dev.lamina.placement;

import static dev.lamina.placement.MadeUpDevice.GIB;
import static dev.lamina.placement.MadeUpDevice.MIB;
import static dev.lamina.placement.MadeUpModels.SMALL;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.DeviceInfo.Kind;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.GgmlType;
import dev.lamina.model.DecoderGraph;
import dev.lamina.model.ModelGraph;
import dev.lamina.model.ModelOptions;
import dev.lamina.placement.MadeUpModels.Shape;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scenarios: devices with their sizes and support sets in, layers out. */
class PlannerTest {
  private static final Device CPU = MadeUpDevice.cpu();
  private static final DecoderGraph F16 = MadeUpModels.model(SMALL, GgmlType.F16);
  private static final PlacementRequest AUTO = PlacementRequest.DEFAULT;
  private static final PlacementRequest ALL = AUTO.withGpuLayers(GpuLayers.ALL);

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

  // ---- which devices

  @Test
  void noDeviceAtAll() {
    for (PlacementRequest request : List.of(AUTO, ALL)) {
      Placement p = plan(F16, 64, request);
      assertEquals("CPU 0-8", where(p));
      assertEquals(new Reason(Reason.Kind.NO_DEVICE, "no GPU device here"), p.layer(0).reason());
    }
  }

  @Test
  void autoTakesOneCardWhereItIsEnoughTheOneWithMostFreeMemory() {
    Device small = MadeUpDevice.card("CUDA0", GIB);
    Device large = MadeUpDevice.card("CUDA1", 2 * GIB);
    assertEquals("CUDA1 0-8", where(plan(F16, 64, AUTO, small, large)));
    assertEquals("CUDA1 0-8", where(plan(F16, 64, AUTO, large, small)));
  }

  @Test
  void autoFillsTheLargestCardThenTheNextThenTheIntegratedOne() {
    DecoderGraph model = MadeUpModels.file("llama-70b Q4_K_M", ModelOptions.DEFAULT);
    Device integrated = MadeUpDevice.of("Vulkan2", Kind.INTEGRATED_GPU, 64 * GIB);
    Device card16 = MadeUpDevice.card("Vulkan0", 16 * GIB);
    Device card24 = MadeUpDevice.card("Vulkan1", 24 * GIB);
    Placement p = plan(model, 4096, AUTO, integrated, card16, card24);
    assertEquals(
        List.of("Vulkan2", "Vulkan0", "Vulkan1"),
        p.stages().stream().map(Stage::deviceId).toList());
    assertEquals(81, p.offloaded());
    assertTrue(p.stages().get(2).bytes() > 23 * GIB, "the largest card is full");
    assertTrue(p.stages().get(1).bytes() > 15 * GIB, "the second card is full");
  }

  @Test
  void aNumberOfLayersIsNotGivenToAnIntegratedGpuBesideACard() {
    Device integrated = MadeUpDevice.of("Vulkan0", Kind.INTEGRATED_GPU, 8 * GIB);
    Device card = MadeUpDevice.card("Vulkan1", GIB);
    assertEquals("Vulkan1 0-8", where(plan(F16, 64, ALL, integrated, card)));
    assertEquals("Vulkan0 0-8", where(plan(F16, 64, ALL, integrated)));
  }

  @Test
  void aSoftwareGpuIsUsedOnlyWhereItIsNamed() {
    Device lavapipe = MadeUpDevice.of("Vulkan0", Kind.SOFTWARE_GPU, 8 * GIB);
    for (PlacementRequest request : List.of(AUTO, ALL)) {
      Placement p = plan(F16, 64, request, lavapipe);
      assertEquals("CPU 0-8", where(p));
      assertTrue(p.layer(0).reason().text().contains("only where --device names it"));
      assertEquals("Vulkan0 0-8", where(plan(F16, 64, request.withDevices("vulkan0"), lavapipe)));
    }
  }

  @Test
  void aCardSeenThroughTwoBackendsCountsOnce() {
    Device cuda = MadeUpDevice.card("CUDA0", GIB).hardware("NVIDIA RTX 9000", "0000:01:00.0");
    Device vulkan = MadeUpDevice.card("Vulkan0", 2 * GIB).hardware("RTX", "0000:01:00.0");
    Device other =
        MadeUpDevice.card("Vulkan1", 2 * GIB).hardware("NVIDIA RTX 9000", "0000:02:00.0");
    Device opencl = MadeUpDevice.card("OpenCL0", 2 * GIB).hardware("rtx 9000", "");
    Placement p = plan(F16, 64, AUTO, cuda, opencl, vulkan);
    assertEquals("CUDA0 0-8", where(p));
    assertEquals(2, p.notes().size(), p.notes().toString());
    assertEquals("Vulkan1 0-8", where(plan(F16, 64, AUTO, cuda, other)));
    assertEquals("Vulkan0 0-8", where(plan(F16, 64, AUTO.withDevices("Vulkan0"), cuda, vulkan)));
  }

  @Test
  void anUnknownDeviceIsAnErrorThatListsTheKnownOnes() {
    LaminaException e =
        assertThrows(
            LaminaException.class,
            () -> plan(F16, 64, AUTO.withDevices("CUDA7"), MadeUpDevice.card("CUDA0", GIB)));
    assertEquals(
        "no device is named 'CUDA7' here; --device takes none or one or more of CPU, CUDA0",
        e.getMessage());
  }

  @Test
  void deviceNoneAndDeviceCpuMeanNoGpu() {
    Device gpu = MadeUpDevice.card("CUDA0", GIB);
    for (String name : List.of("none", "CPU")) {
      Placement p = plan(F16, 64, ALL.withDevices(name), gpu);
      assertEquals("CPU 0-8", where(p));
      assertEquals("no GPU device was named", p.layer(0).reason().text());
    }
  }

  // ---- several devices

  @Test
  void layersAreSplitByFreeMemory() {
    Placement p =
        plan(F16, 64, ALL, MadeUpDevice.card("CUDA0", 2 * GIB), MadeUpDevice.card("CUDA1", GIB));
    assertEquals("CUDA0 0-5; CUDA1 6-8", where(p));
  }

  @ParameterizedTest
  @CsvSource({
    // The numbers of llama.cpp: upper_bound over the shares, at (slot - first) / slots.
    "3 1, all, CUDA0 0-6; CUDA1 7-8",
    "1 1, all, CUDA0 0-4; CUDA1 5-8",
    "1 3, all, CUDA0 0-2; CUDA1 3-8",
    "1 1, 4, CPU 0-4; CUDA0 5-6; CUDA1 7-8",
    "3 1, 4, CPU 0-4; CUDA0 5-7; CUDA1 8",
    "0 1, all, CUDA1 0-8",
    "1 0, all, CUDA0 0-8",
    "1, all, CUDA0 0-8",
    "0 0, all, CUDA0 0-4; CUDA1 5-8",
    "3 1, auto, CUDA0 0-6; CUDA1 7-8",
  })
  void tensorSplit(String shares, String ngl, String expected) {
    Double[] split =
        List.of(shares.split(" ")).stream().map(Double::valueOf).toArray(Double[]::new);
    PlacementRequest request = AUTO.withGpuLayers(GpuLayers.parse(ngl)).withTensorSplit(split);
    Placement p =
        plan(F16, 64, request, MadeUpDevice.card("CUDA0", GIB), MadeUpDevice.card("CUDA1", GIB));
    assertEquals(expected, where(p));
  }

  @Test
  void devicesHoldTheirRangesInTheOrderInWhichTheyAreNamed() {
    Placement p =
        plan(
            F16,
            64,
            ALL.withDevices("CUDA1", "CUDA0").withTensorSplit(3.0, 1.0),
            MadeUpDevice.card("CUDA0", GIB),
            MadeUpDevice.card("CUDA1", GIB));
    assertEquals("CUDA1 0-6; CUDA0 7-8", where(p));
  }

  @Test
  void whatDoesNotFitOnOneCardMovesToTheOther() {
    Limits limits = MadeUpModels.limits(F16, 64);
    Device probe = MadeUpDevice.card("CUDA0", GIB);
    long two = bytes(probe, F16.stage(0, 2, false), limits);
    PlacementRequest half = ALL.withTensorSplit(1.0, 1.0).withMemoryMargin(0);
    Device small = MadeUpDevice.card("CUDA0", two);
    Device large = MadeUpDevice.card("CUDA1", GIB);
    assertEquals("CUDA0 0-1; CUDA1 2-8", where(packed(plan(F16, 64, half, small, large))));
    long end = bytes(probe, F16.stage(7, 8, true), limits);
    assertEquals(
        "CUDA1 0-6; CUDA0 7-8",
        where(
            plan(
                F16,
                64,
                half.withDevices("CUDA1", "CUDA0"),
                large,
                MadeUpDevice.card("CUDA0", end))));
  }

  @Test
  void mainGpuCountsWithSplitModeNone() {
    Device a = MadeUpDevice.card("CUDA0", GIB);
    Device b = MadeUpDevice.card("CUDA1", GIB);
    assertEquals("CUDA1 0-8", where(plan(F16, 64, ALL.withMainGpu(1), a, b)));
    assertEquals("CUDA0 0-8", where(plan(F16, 64, ALL.withMainGpu(0), a, b)));
    assertEquals("CPU 0-8", where(plan(F16, 64, ALL.withMainGpu(-1), a, b)));
    LaminaException e =
        assertThrows(LaminaException.class, () -> plan(F16, 64, ALL.withMainGpu(2), a, b));
    assertTrue(e.getMessage().contains("numbered from 0: CUDA0, CUDA1"), e.getMessage());
    PlacementRequest layers =
        new PlacementRequest(
            GpuLayers.ALL, List.of(), List.of(), PlacementRequest.SplitMode.LAYER, 1, true, -1);
    Placement p = plan(F16, 64, layers, a, b);
    assertEquals("CUDA0 0-4; CUDA1 5-8", where(p));
    assertTrue(p.notes().getFirst().startsWith("--main-gpu counts only with --split-mode none"));
  }

  @Test
  void sharesThatMakeNoSenseAreRefused() {
    for (double bad : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(LaminaException.class, () -> ALL.withTensorSplit(1.0, bad));
    }
  }

  @Test
  void noKvOffloadKeepsLayersWithKvOnTheCpu() {
    Placement p = plan(F16, 64, ALL.withKvOffload(false), MadeUpDevice.card("CUDA0", GIB));
    assertEquals("CPU 0-7; CUDA0 8", where(p));
    assertEquals(Reason.Kind.KV_ON_HOST, p.layer(3).reason().kind());
    assertEquals(0, p.devices().get(1).kvBytes());
  }

  // ---- failures

  @Test
  void aDeviceThatFailedIsLeftOutAndTheReasonKept() {
    Device gpu = MadeUpDevice.card("CUDA0", GIB);
    Map<String, String> failed = Map.of("CUDA0", "device lost at token 20");
    for (PlacementRequest request : List.of(AUTO, ALL, ALL.withDevices("CUDA0"))) {
      Placement p =
          Planner.plan(F16, MadeUpModels.limits(F16, 64), List.of(gpu), CPU, request, failed);
      assertEquals("CPU 0-8", where(p));
      assertEquals(
          new Reason(Reason.Kind.DEVICE_FAILED, "CUDA0 failed: device lost at token 20"),
          p.layer(0).reason());
      assertTrue(p.notes().contains("CUDA0 is left out: device lost at token 20"));
    }
  }

  @Test
  void withoutTheFailedDeviceTheOtherOneTakesOverWithItsOwnShare() {
    Device a = MadeUpDevice.card("CUDA0", GIB);
    Device b = MadeUpDevice.card("CUDA1", GIB);
    Placement p =
        Planner.plan(
            F16,
            MadeUpModels.limits(F16, 64),
            List.of(a, b),
            CPU,
            ALL.withTensorSplit(3.0, 1.0),
            Map.of("CUDA0", "out of memory"));
    assertEquals("CUDA1 0-8", where(p));
  }

  @Test
  void aDeviceThatThrowsWhileItIsAskedIsLeftOut() {
    Device throwing =
        MadeUpDevice.card("CUDA0", 2 * GIB)
            .supporting(
                op -> {
                  throw new DeviceException(DeviceException.Kind.LOST, "the device is gone");
                });
    Device unlinked =
        MadeUpDevice.card("CUDA1", 2 * GIB)
            .supporting(
                op -> {
                  throw new UnsatisfiedLinkError("no nvcuda in java.library.path");
                });
    Placement p = plan(F16, 64, ALL, throwing, unlinked, MadeUpDevice.card("Vulkan0", GIB));
    assertEquals("Vulkan0 0-8", where(p));
    String notes = String.join("\n", p.notes());
    assertTrue(notes.contains("CUDA0 is left out: the device is gone"), notes);
    assertTrue(notes.contains("CUDA1 is left out: java.lang.UnsatisfiedLinkError"), notes);
  }

  @Test
  void anOpThatTheCpuDoesNotRunGoesToTheLastResort() {
    Device simd =
        MadeUpDevice.cpu().supporting(weights(t -> t.type() != GgmlType.TQ1_0, "no TQ1_0"));
    Device last = MadeUpDevice.of("Scalar", Kind.CPU, GIB);
    DecoderGraph model = mixed((tensor, layer) -> layer == 3 ? GgmlType.TQ1_0 : GgmlType.Q4_0);
    Limits limits = MadeUpModels.limits(model, 64);
    Placement p = Planner.plan(model, limits, List.of(simd, last), simd, AUTO);
    assertEquals("CPU 0-2; Scalar 3-3; CPU 4-8", where(p));
    LaminaException e =
        assertThrows(
            LaminaException.class, () -> Planner.plan(model, limits, List.of(), simd, AUTO));
    assertEquals("no device runs layer 3: CPU: no TQ1_0", e.getMessage());
  }

  @Test
  void theSummaryIsAFewLines() {
    DecoderGraph model = MadeUpModels.file("llama-8b Q4_K_M", ModelOptions.DEFAULT);
    Placement p = plan(model, 4096, AUTO, MadeUpDevice.card("CUDA0", 4 * GIB));
    List<String> lines = p.summary();
    assertEquals(3, lines.size(), String.join("\n", lines));
    assertTrue(lines.get(0).startsWith("CPU (made-up CPU): layers 0-"), lines.get(0));
    assertTrue(lines.get(1).matches("CUDA0 .*: layers \\d+-31 and the output; .* of 4.0 GiB free"));
    assertTrue(lines.get(2).contains("on the CPU: CUDA0: full: layer "), lines.get(2));
  }

  // ---- helpers

  private static Placement plan(
      ModelGraph model, int context, PlacementRequest request, Device... gpus) {
    Limits limits = MadeUpModels.limits(model, context);
    Placement p = Planner.plan(model, limits, List.of(gpus), CPU, request);
    for (Placement.DeviceUse use : p.devices()) {
      if (!Placement.isCpu(use.device())) {
        assertTrue(use.bytes() <= Math.max(0, use.freeBytes() - use.marginBytes()), "fits");
      }
    }
    return p;
  }

  private static Placement packed(Placement p) {
    checkStages(F16, p);
    return p;
  }

  private static DecoderGraph mixed(BiFunction<String, Integer, GgmlType> types) {
    return MadeUpModels.model(SMALL, types, ModelOptions.DEFAULT);
  }

  private static Function<Op, Support> weights(
      java.util.function.Predicate<TensorSpec> runs, String otherwise) {
    return op -> op.weights().stream().allMatch(runs) ? Support.FULL : Support.no(otherwise);
  }

  private static long bytes(Device device, Graph graph, Limits limits) {
    return graph.weights().stream().mapToLong(TensorSpec::bytes).sum()
        + graph.kv().stream().mapToLong(limits::kvBytes).sum()
        + device.workBytes(graph, limits);
  }

  /** Bytes of all tensors, a tied one counted once. */
  private static long tensorBytes(ModelGraph model) {
    Map<String, Long> byName =
        java.util.stream.Stream.concat(
                model.embedding().weights().stream(),
                model.stage(0, model.layers(), true).weights().stream())
            .collect(Collectors.toMap(TensorSpec::name, TensorSpec::bytes, (a, b) -> a));
    return byName.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Such as {@code CPU 0-3; CUDA0 4-8}, the output being one more than the last layer. */
  private static String where(Placement p) {
    return p.stages().stream()
        .map(
            s -> {
              int last = s.output() ? s.end() : s.end() - 1;
              String slots = s.first() == s.end() ? "" + s.end() : s.first() + "-" + last;
              return s.deviceId() + " " + slots;
            })
        .collect(Collectors.joining("; "));
  }

  private static void checkStages(ModelGraph model, Placement p) {
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
