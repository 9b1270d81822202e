package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.CpuMath;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.features.Backends;
import dev.lamina.gguf.GgmlType;
import dev.lamina.placement.GpuLayers;
import dev.lamina.placement.Placement;
import dev.lamina.placement.PlacementRequest;
import dev.lamina.session.GenerateOptions;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.Model;
import dev.lamina.session.Sampling;
import dev.lamina.session.Session;
import dev.lamina.session.Token;
import dev.lamina.testing.Requirement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One run of the demo model over devices of several backends. A test is skipped where a device is
 * missing, and fails where the environment variable {@code LAMINA_REQUIRE_DEVICES} names its
 * backend.
 */
class DevicesTogetherTest {
  private static final int TOKENS = 48;

  private static final LoadOptions OPTIONS =
      LoadOptions.DEFAULT
          .withContext(256)
          .withUbatch(32)
          .withKv(GgmlType.F32, GgmlType.F32)
          .withDevices(new DeviceOptions(2, true, CpuMath.F32));

  /** What a run gave: its text, and how many layers each device had. */
  private record Run(List<Integer> text, Map<String, Integer> layers, List<String> notes) {}

  private static PlacementRequest over(List<String> devices, int layers) {
    return new PlacementRequest(
        new GpuLayers.Count(layers),
        devices,
        devices.stream().map(d -> 1.0).toList(),
        PlacementRequest.SplitMode.LAYER,
        0,
        true,
        0);
  }

  private static Run run(PlacementRequest request) {
    List<Integer> text = new ArrayList<>();
    try (Model model = Model.load(DemoModel.file(), OPTIONS.withPlacement(request));
        Session session = model.newSession()) {
      GenerateOptions options =
          GenerateOptions.DEFAULT
              .withSampling(Sampling.GREEDY)
              .withMaxTokens(TOKENS)
              .withIgnoreEnd(true);
      int[] prompt = model.tokenizer().encode("Once upon a time there was", true, true);
      for (Token token : session.generate(prompt, options)) {
        text.add(token.id());
      }
      Map<String, Integer> layers = new HashMap<>();
      for (Placement.DeviceUse use : model.placement().devices()) {
        layers.merge(use.device().info().id(), use.layers(), Integer::sum);
      }
      return new Run(text, layers, model.placement().notes());
    }
  }

  private static void need(String backend, String id) {
    try (Backends found = Backends.discover(OPTIONS.devices())) {
      if (found.gpus().stream().map(Device::info).anyMatch(info -> info.id().equals(id))) {
        return;
      }
      String why = "there is no " + id + " here: " + String.join("; ", found.reasons(backend));
      Requirement.missing(backend, why);
    }
  }

  /** Five of the nine layers, the output counted, go to the two devices; the CPU has the others. */
  @ParameterizedTest
  @ValueSource(strings = {"OpenCL0,Vulkan0", "Vulkan0,OpenCL0"})
  void openClVulkanAndCpu(String names) {
    need("opencl", "OpenCL0");
    need("vulkan", "Vulkan0");
    List<String> devices = List.of(names.split(","));
    Run expected = run(over(List.of(), 0));
    assertEquals(TOKENS, expected.text().size());
    Run together = run(over(devices, 5));
    assertEquals(expected.text(), together.text());
    assertTrue(together.layers().get("CPU") > 0, together.toString());
    for (String device : devices) {
      assertTrue(together.layers().get(device) > 0, together.toString());
    }
  }
}
