package dev.lamina.placement;

import static dev.lamina.placement.MadeUpDevice.GIB;
import static dev.lamina.placement.Scenarios.ALL;
import static dev.lamina.placement.Scenarios.AUTO;
import static dev.lamina.placement.Scenarios.CPU;
import static dev.lamina.placement.Scenarios.F16;
import static dev.lamina.placement.Scenarios.bytes;
import static dev.lamina.placement.Scenarios.mixed;
import static dev.lamina.placement.Scenarios.packed;
import static dev.lamina.placement.Scenarios.plan;
import static dev.lamina.placement.Scenarios.weights;
import static dev.lamina.placement.Scenarios.where;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.DeviceInfo.Kind;
import dev.lamina.backend.Limits;
import dev.lamina.gguf.GgmlType;
import dev.lamina.model.DecoderGraph;
import dev.lamina.model.ModelOptions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Scenarios with several devices, with devices to choose from, and with devices that failed. */
class PlannerDevicesTest {
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
    Setbacks lost = Setbacks.NONE.withFailed("CUDA0", "device lost at token 20");
    for (PlacementRequest request : List.of(AUTO, ALL, ALL.withDevices("CUDA0"))) {
      Placement p =
          Planner.plan(F16, MadeUpModels.limits(F16, 64), List.of(gpu), CPU, request, lost);
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
            Setbacks.NONE.withFailed("CUDA0", "out of memory"));
    assertEquals("CUDA1 0-8", where(p));
  }

  @Test
  void aDeviceWhoseMemoryDidNotSufficeGetsLessAndTheOthersNoLess() {
    Device a = MadeUpDevice.card("CUDA0", GIB);
    Device b = MadeUpDevice.card("CUDA1", GIB);
    Limits limits = MadeUpModels.limits(F16, 64);
    Setbacks scarce = Setbacks.NONE.withScarce("CUDA1", GIB / 2).withScarce("CUDA1", GIB / 2);
    Placement p = Planner.plan(F16, limits, List.of(a, b), CPU, ALL, scarce);
    assertEquals("CUDA0 0-8", where(p));
    long usual = PlacementRequest.defaultMargin(GIB);
    assertEquals(
        List.of(usual, usual + GIB),
        p.devices().stream().skip(1).map(Placement.DeviceUse::marginBytes).toList());
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
}
